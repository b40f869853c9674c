"""What an onlooker sees of a trial: which pods there are, run and are let go, and how far jobs are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.scale import objects
from bench.scale.api import Api, JsonObject


@dataclass
class View:
    """Whatever has come to be, by UID, from what the API server tells; and when."""

    api: Api
    jobs_path: str
    runs: Callable[[JsonObject], bool]
    """Tells of a job whether its status says that all of it runs."""
    has_succeeded: Callable[[JsonObject], bool]
    """Tells of a job whether its status says that it has ended well."""
    pods: set[str] = field(default_factory=set)
    pods_running: set[str] = field(default_factory=set)
    """Pods that run, or have run."""
    pods_let_go: set[str] = field(default_factory=set)
    """Pods that have ended and that no finalizer keeps."""
    jobs_running: set[str] = field(default_factory=set)
    jobs_succeeded: set[str] = field(default_factory=set)
    _waiting: list[tuple[Callable[[], bool], asyncio.Future[float]]] = field(default_factory=list)

    async def follow(self) -> None:
        """Look until cancelled."""
        async with asyncio.TaskGroup() as group:
            path = f"/api/v1/namespaces/{objects.NAMESPACE}/pods?labelSelector={objects.LABEL}"
            group.create_task(self.api.follow(path, self._pod_seen))
            group.create_task(self.api.follow(self.jobs_path, self._job_seen))

    async def when(self, condition: Callable[[], bool]) -> float:
        """Return the time by the monotonic clock at which a condition came to hold."""
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting.append((condition, future))
        self._look()
        return await future

    def _pod_seen(self, kind: str, pod: JsonObject) -> None:
        uid, phase = pod["metadata"]["uid"], pod["status"].get("phase")
        self.pods.add(uid)
        if phase in ("Running", "Succeeded"):
            self.pods_running.add(uid)
        if kind == "DELETED" or (phase == "Succeeded" and not pod["metadata"].get("finalizers")):
            self.pods_let_go.add(uid)
        self._look()

    def _job_seen(self, _kind: str, job: JsonObject) -> None:
        uid = job["metadata"]["uid"]
        if self.runs(job):
            self.jobs_running.add(uid)
        if self.has_succeeded(job):
            self.jobs_succeeded.add(uid)
        self._look()

    def _look(self) -> None:
        now = time.monotonic()
        for waiting in list(self._waiting):
            if waiting[0]():
                self._waiting.remove(waiting)
                waiting[1].set_result(now)
