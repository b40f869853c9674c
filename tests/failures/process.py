"""The operator as a process of this machine, which can be killed, frozen and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from cluster import images
from operator_tests.tenant import Books

CLUSTER = "failures"


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@dataclass
class OperatorProcess:
    """One operator at a time, with a folder for its books that outlives it."""

    kubeconfig: Path
    state: Path
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    health_port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def books(self) -> Books:
        return Books(f"sqlite:///{self.state}/ledger.sqlite3", CLUSTER)

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, unless it lives."""
        if self.alive:
            return
        command = [
            *(sys.executable, "-m", "ullage_operator", "--state", str(self.state), "--cluster", CLUSTER),
            *("--trainer-image", images.reference("trainer"), "--image-pull-policy", "Never"),
            *("--progress-seconds", "0.5", "--backoff-seconds", "0.5"),
            *("--metrics-port", str(free_port()), "--health-port", str(self.health_port), *self.options),
        ]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"KUBECONFIG": str(self.kubeconfig)} | self.environment,
            )

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """Kill it where it stands; wait until it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def is_well(self) -> bool:
        """Tell what the kubelet would hear: an operator that is not well is started again."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}/healthz", timeout=5) as answer:
                return bool(answer.status == HTTPStatus.OK)
        except OSError:
            return False

    def told(self) -> str:
        """Return all that it has written."""
        return self.log.read_text() if self.log.exists() else ""
