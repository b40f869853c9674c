"""The operator as a process, under its own kubeconfig, and what it takes."""

from __future__ import annotations

import asyncio
import json
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path

import psutil
from prometheus_client.parser import text_string_to_metric_families

from bench.scale.plane import OPERATOR, ROOT, ControlPlane

ENVIRONMENT = {
    "PYTHONPATH": f"{ROOT}/operator:{ROOT}/trainer",
    # Compiled once, as in the operator's image, and not at each start.
    "PYTHONPYCACHEPREFIX": "/mnt/bytecode",
    "PYTHONDONTWRITEBYTECODE": "",
}
_METRICS_PORT = 8080
_PATIENCE_SECONDS = 60.0
_STILL_SECONDS = 3.0
_STILL_CPU = 0.05


class Operator:
    """The real operator, from this checkout; may be ended and started again, with the same books.

    Parameters
    ----------
    plane
        The control plane that it works on.
    profile
        Where its profile goes at each end, with the number of its start; null for none.
    """

    def __init__(self, plane: ControlPlane, profile: Path | None = None) -> None:
        self._plane = plane
        self._profile = profile
        self._peak_bytes = 0
        self._starts = 0

    def start(self) -> None:
        """Start it."""
        self._starts += 1
        profile = self._profile and f"{self._profile.with_suffix('')}-{self._starts}.prof"
        profiled = ("-m", "cProfile", "-o", profile) if profile else ()
        options = {
            "state": self._plane.state / "operator",
            "trainer-image": "bench/trainer:1",
            "metrics-port": _METRICS_PORT,
            "health-port": _METRICS_PORT + 1,
        }
        self._process = self._plane.start(
            "operator",
            *(sys.executable, *profiled, "-m", "ullage_operator"),
            *(f"--{name}={value}" for name, value in options.items()),
            KUBECONFIG=str(self._plane.kubeconfig(OPERATOR)),
            **ENVIRONMENT,
        )
        self._of = psutil.Process(self._process.pid)

    def stop(self) -> None:
        """End it."""
        self._peak_bytes = self.peak_bytes
        self._plane.stop(self._process)

    @property
    def cpu_seconds(self) -> float:
        """CPU time of the process that runs, since its start."""
        times = self._of.cpu_times()
        return times.user + times.system

    @property
    def peak_bytes(self) -> int:
        """The greatest resident set, over all starts."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
        return max(self._peak_bytes, int(peak) << 10)

    def requests(self) -> Counter[str]:
        """Return its requests by verb, by its own metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{_METRICS_PORT}/metrics", timeout=30) as answer:
            families = text_string_to_metric_families(answer.read().decode())
        found: Counter[str] = Counter()
        for family in families:
            if family.name == "ullage_api_requests":
                for sample in family.samples:
                    found[sample.labels["verb"]] += int(sample.value)
        return found

    async def settled(self) -> None:
        """Wait until it is well and has nothing to do any more."""
        deadline, still, last = time.monotonic() + _PATIENCE_SECONDS * 5, 0.0, -1.0
        while still < _STILL_SECONDS:
            await asyncio.sleep(0.5)
            if self._process.poll() is not None:
                raise SystemExit(f"scale: the operator has ended: {self._plane.said('operator')}")
            if time.monotonic() > deadline:
                raise SystemExit("scale: expected an operator that comes to rest, found one that goes on and on")
            now = self.cpu_seconds
            still = still + 0.5 if now - last < _STILL_CPU and now > 0.5 else 0.0
            last = now


def audited(plane: ControlPlane) -> Counter[tuple[str, str]]:
    """Return the requests of the operator's user by verb and resource, by the API server's audit log.

    A watch counts when it starts, everything else when it is answered.
    """
    found: Counter[tuple[str, str]] = Counter()
    if not plane.audit.exists():
        return found
    with plane.audit.open() as lines:
        for line in lines:
            event = json.loads(line)
            reference = event.get("objectRef", {})
            resource = "/".join(reference[part] for part in ("resource", "subresource") if part in reference)
            watching = event["verb"] == "watch"
            if (event["stage"] == "ResponseStarted") is watching:
                found[event["verb"], resource or event["requestURI"]] += 1
    return found
