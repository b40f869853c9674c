"""One trial: a control plane, the work of one side, and what is measured of it."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil

from bench.scale.api import JsonObject
from bench.scale.load import INDEXED_JOBS, TRAINING_JOBS
from bench.scale.operator import Operator, audited
from bench.scale.plane import ROOT, ControlPlane
from bench.scale.view import View

Figures = dict[str, float]
_WRITES = ("create", "update", "patch", "delete", "deletecollection")
_PATIENCE_SECONDS = 900.0
_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Size:
    """How much work there is."""

    jobs: int
    workers: int

    @property
    def pods(self) -> int:
        """All workers together."""
        return self.jobs * self.workers


@dataclass
class Trial:
    """Measures one side once, on a control plane that was just started.

    Parameters
    ----------
    plane
        The control plane.
    side
        Which side.
    size
        How much work.
    say
        Tells how far it is.
    operator
        The operator, where the side has one.
    restart
        Whether it is ended and started again while all jobs run.
    idle_seconds
        How long it is watched while nothing happens.
    """

    plane: ControlPlane
    side: str
    size: Size
    say: Callable[[str], None]
    operator: Operator | None = None
    restart: bool = False
    idle_seconds: int = 0

    async def run(self) -> Figures:
        """Return all figures by name."""
        figures: Figures = {}
        operator, size = self.operator, self.size
        async with self._view() as view, self._load() as load:
            if operator is not None:
                operator.start()
                await operator.settled()
                figures["start.cpu_seconds"] = operator.cpu_seconds
                counted = self._counted(operator)
            if self.side == "script":
                # It does what the operator must and decides nothing: what that takes is the least.
                script = psutil.Process(self._process.pid)
                spent = sum(script.cpu_times()[:2])
            began = await load()
            figures["exist.seconds"] = await self._when(view, lambda: len(view.pods) >= size.pods) - began
            figures["running.seconds"] = await self._when(view, lambda: len(view.pods_running) >= size.pods) - began
            if self.side == "script":
                figures["running.cpu_ms"] = (sum(script.cpu_times()[:2]) - spent) / size.jobs * 1000
            self.say(f"all pods after {figures['exist.seconds']:.1f} s, running {figures['running.seconds']:.1f} s")
            if operator is not None:
                await self._when(view, lambda: len(view.jobs_running) >= size.jobs)
                await operator.settled()
                spent = operator.cpu_seconds - figures["start.cpu_seconds"]
                self.say(f"the operator took {spent:.1f} CPU-s, at most {operator.peak_bytes / 2**20:.0f} MiB")
                figures["running.cpu_ms"] = spent / size.jobs * 1000
                now = self._counted(operator)
                figures |= self._requests("running", now - counted)
                if self.restart:
                    figures |= await self._restarted(operator)
                if self.idle_seconds:
                    figures |= await self._idle(operator)
                spent, counted = operator.cpu_seconds, self._counted(operator)
            completed = time.monotonic()
            self.plane.complete()
            ended = await self._when(
                view, lambda: len(view.jobs_succeeded) >= size.jobs and len(view.pods_let_go) >= size.pods
            )
            figures["ended.seconds"] = ended - completed
            self.say(f"all ended after {figures['ended.seconds']:.1f} s")
            if operator is not None:
                await operator.settled()
                figures["ended.cpu_ms"] = (operator.cpu_seconds - spent) / size.jobs * 1000
                figures |= self._requests("ended", self._counted(operator) - counted)
                figures["peak.mib"] = operator.peak_bytes / 2**20
                operator.stop()
        return figures

    async def _restarted(self, operator: Operator) -> Figures:
        operator.stop()
        before = audited(self.plane)
        operator.start()
        await operator.settled()
        asked = audited(self.plane) - before
        self.say(f"started anew with {operator.cpu_seconds:.1f} CPU-s, at most {operator.peak_bytes / 2**20:.0f} MiB")
        return {
            "restart.cpu_seconds": operator.cpu_seconds,
            "restart.writes": sum(count for (verb, _), count in asked.items() if verb in _WRITES),
        }

    async def _idle(self, operator: Operator) -> Figures:
        self.say(f"nothing is to happen for {self.idle_seconds} s")
        before, spent = audited(self.plane), operator.cpu_seconds
        await asyncio.sleep(self.idle_seconds)
        asked = audited(self.plane) - before
        for (verb, resource), count in sorted(asked.items()):
            self.say(f"{count} × {verb} {resource}")
        return {"idle.requests": asked.total(), "idle.cpu_seconds": operator.cpu_seconds - spent}

    def _counted(self, operator: Operator) -> Counter[tuple[str, str]]:
        """Count requests as the API server has them, beside the operator's own sums by verb."""
        return audited(self.plane) + Counter({("own", verb): count for verb, count in operator.requests().items()})

    def _requests(self, until: str, counted: Counter[tuple[str, str]]) -> Figures:
        kinds = {
            "status_writes": counted["update", "trainingjobs/status"] / self.size.jobs,
            "creates": counted["create", "pods"] / self.size.pods,
            "releases": counted["patch", "pods"] / self.size.pods,
            "events": counted["create", "events"] / self.size.jobs,
        }
        own, theirs = Counter[str](), Counter[str]()
        for (verb, resource), count in counted.items():
            if verb == "own":
                own[resource] += count
            else:
                theirs[verb] += count
        self.say("requests: " + ", ".join(f"{count} × {' '.join(kind)}" for kind, count in sorted(counted.items())))
        kinds["requests"] = theirs.total() / self.size.jobs
        kinds["own_requests"] = own.total() / self.size.jobs
        return {f"{until}.{name}": value for name, value in kinds.items()}

    async def _when(self, view: View, condition: Callable[[], bool]) -> float:
        reached = asyncio.ensure_future(view.when(condition))
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not (await asyncio.wait({reached}, timeout=_LOOK_SECONDS))[0]:
            self.plane.check()
            if self._looking.done():
                self._looking.result()
            if self._process.returncode:
                raise SystemExit(f"scale: {self.side}: what makes the work has failed")
            if time.monotonic() > deadline:
                found = {name: len(seen) for name, seen in vars(view).items() if isinstance(seen, set)}
                raise SystemExit(
                    f"scale: {self.side}: expected {self.size.jobs} jobs to come on within {_PATIENCE_SECONDS:.0f} s, "
                    f"found {found}; {self.plane.logs()}"
                )
        return reached.result()

    @asynccontextmanager
    async def _view(self) -> AsyncIterator[View]:
        view = View(
            self.plane.api,
            INDEXED_JOBS if self.side == "jobs" else TRAINING_JOBS,
            self._says_running,
            _says_complete if self.side == "jobs" else _says_succeeded,
        )
        self._looking = asyncio.create_task(view.follow())
        try:
            yield view
        finally:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking

    @asynccontextmanager
    async def _load(self) -> AsyncIterator[Callable[[], Awaitable[float]]]:
        """Start what makes the work; yield what lets it begin, and returns when it did."""
        kind = self.side if self.operator is None else "submit"
        self._process = process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.scale.load", kind, str(self.plane.pki)),
            *(str(self.size.jobs), str(self.size.workers)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        said, told = process.stdout, process.stdin
        if said is None or told is None:
            raise SystemExit("scale: expected pipes to the load, found none")
        await said.readline()

        async def begin() -> float:
            told.write(b"\n")
            return float(await said.readline())

        try:
            yield begin
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    def _says_running(self, job: JsonObject) -> bool:
        stages = job.get("status", {}).get("stages") or []
        return any(stage.get("workersReady") == self.size.workers for stage in stages)


def _says_succeeded(job: JsonObject) -> bool:
    return bool(job.get("status", {}).get("phase") == "Succeeded")


def _says_complete(job: JsonObject) -> bool:
    conditions = job.get("status", {}).get("conditions") or []
    return any(condition["type"] == "Complete" and condition["status"] == "True" for condition in conditions)
