"""``python -m bench.scale.load KIND PKI JOBS WORKERS``: what makes the work, in a process of its own.

``submit`` creates TrainingJobs and no more. ``script`` is the floor: it creates the same TrainingJobs, then does what
the operator has to, and decides nothing: their pods, two status writes until they run, and once they have ended one
more, and each pod let go. ``jobs`` creates a Service and an Indexed Job for each. It says ``ready``, waits for a line,
says when it began (by the monotonic clock, which processes share), and ends when it is done.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.scale import objects
from bench.scale.api import MERGE_PATCH, STRATEGIC_PATCH, Api, JsonObject
from bench.scale.plane import ADMIN, OPERATOR, SERVER
from ullage_operator.cluster.names import FINALIZER, JOB_LABEL

_AT_ONCE = 16
_PODS = f"/api/v1/namespaces/{objects.NAMESPACE}/pods"
_SERVICES = f"/api/v1/namespaces/{objects.NAMESPACE}/services"
INDEXED_JOBS = f"/apis/batch/v1/namespaces/{objects.NAMESPACE}/jobs"
TRAINING_JOBS = f"/apis/ullage.dev/v1alpha1/namespaces/{objects.NAMESPACE}/trainingjobs"


class Load:
    """Makes work through one client, so many requests at a time."""

    def __init__(self, api: Api, workers: int) -> None:
        self.api = api
        self.workers = workers
        self._some = asyncio.Semaphore(_AT_ONCE)
        self._phases: dict[str, dict[str, str]] = defaultdict(dict)
        self._changed: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def submit(self, name: str) -> None:
        """Create a TrainingJob."""
        await self._send("POST", TRAINING_JOBS, objects.training_job(name, self.workers))

    async def indexed(self, name: str) -> None:
        """Create a Service and an Indexed Job."""
        job = objects.training_job(name, self.workers)
        template = objects.pods({**job, "metadata": {**job["metadata"], "uid": f"uid-of-{name}"}})[0]
        await self._send("POST", _SERVICES, objects.service(name))
        await self._send("POST", INDEXED_JOBS, objects.indexed_job(name, self.workers, template))

    async def by_hand(self, name: str) -> None:
        """Do all of a TrainingJob's work."""
        job = await self._send("POST", TRAINING_JOBS, objects.training_job(name, self.workers))
        await self._write(name, objects.status("Pending", "train: starting", 0))
        await asyncio.gather(*(self._send("POST", _PODS, pod) for pod in objects.pods(job)))
        await self._all(name, {"Running", "Succeeded"})
        await self._write(name, objects.status("Running", "train: running", self.workers))
        await self._all(name, {"Succeeded"})
        await self._write(name, objects.status("Succeeded", "all stages are done", 0))
        release = {"metadata": {"$deleteFromPrimitiveList/finalizers": [FINALIZER]}}
        pods = list(self._phases[name])
        await asyncio.gather(*(self._send("PATCH", f"{_PODS}/{pod}", release, STRATEGIC_PATCH) for pod in pods))

    def pod_seen(self, _kind: str, pod: JsonObject) -> None:
        """Take what the API server tells of a pod."""
        name = pod["metadata"]["labels"][JOB_LABEL]
        self._phases[name][pod["metadata"]["name"]] = pod["status"].get("phase", "")
        self._changed[name].set()

    async def _all(self, name: str, phases: set[str]) -> None:
        found, changed = self._phases[name], self._changed[name]
        while len(found) < self.workers or not phases.issuperset(found.values()):
            changed.clear()
            await changed.wait()

    async def _write(self, name: str, status: JsonObject) -> None:
        await self._send("PATCH", f"{TRAINING_JOBS}/{name}/status", {"status": status}, MERGE_PATCH)

    async def _send(
        self, method: str, path: str, body: JsonObject | None = None, kind: str = "application/json"
    ) -> JsonObject:
        async with self._some:
            return await self.api.send(method, path, body, kind)


async def main(kind: str, pki: str, jobs: str, workers: str) -> None:
    """Make the work of so many jobs."""
    # Whoever submits is not the operator, nor counted as if it were.
    async with Api(SERVER, Path(pki), ADMIN if kind == "submit" else OPERATOR) as api:
        load = Load(api, int(workers))
        works: dict[str, Callable[[str], Awaitable[None]]] = {
            "submit": load.submit,
            "script": load.by_hand,
            "jobs": load.indexed,
        }
        looking = asyncio.create_task(api.follow(f"{_PODS}?labelSelector={objects.LABEL}", load.pod_seen))
        if kind != "script":
            looking.cancel()
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        print(time.monotonic(), flush=True)
        await asyncio.gather(*(works[kind](f"job-{index}") for index in range(int(jobs))))
        looking.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
