"""One life of the operator: what ``service.py`` makes of it, on the simulated edge, with an empty memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import aiohttp

from ullage_operator.api.types import TrainingJob
from ullage_operator.budgets import Budgets, BudgetSettings
from ullage_operator.clock import Clock
from ullage_operator.cluster.api import Api, ApiRefusal
from ullage_operator.cluster.events import Recorder
from ullage_operator.cluster.jobs import Jobs
from ullage_operator.cluster.names import JobKey, JsonObject, jobs_path, key_of_job, key_of_pod, pods_path, selector
from ullage_operator.cluster.pods import PodSettings
from ullage_operator.cluster.pull import Puller
from ullage_operator.cluster.reflector import Reflector
from ullage_operator.cluster.trim import pod_kept
from ullage_operator.cluster.workers import PodWorkers
from ullage_operator.ledger import Ledger
from ullage_operator.plan import Admission
from ullage_operator.posting import Poster
from ullage_operator.reconcile import Reconciler
from ullage_operator.settings import Settings
from ullage_operator.standing import declared_now
from ullage_operator.vanished import Vanished
from ullage_operator.workqueue import WorkQueue

from .books import RESOURCE, Books, BooksOfALife, OnDisk
from .client import Client, Weather
from .judge import BUSY, PASSES
from .store import Store

RESYNC_SECONDS = 300.0
MANY_PASSES = 400
"""More than one life of the operator ever needs."""
INTERVAL_SECONDS = 40.0
"""So short that a run has several."""
EXPECTED = (ApiRefusal, aiohttp.ClientError, OSError, TimeoutError)
"""What a pass may raise: the API server did not do as it was asked."""
SETTINGS = Settings(
    state=Path("unused"),
    ledger_url="unused",
    trainer_image="registry.example/trainer:1",
    workers=2,
    backoff_seconds=5.0,
)


class _Answer(AbstractAsyncContextManager["_Answer"]):
    """A worker's answer."""

    def __init__(self, body: bytes | None) -> None:
        self._body = body
        self.content = self

    async def read(self, _size: int) -> bytes:
        assert self._body is not None
        return self._body

    async def __aenter__(self) -> Self:
        await asyncio.sleep(0.002)
        if self._body is None:
            raise aiohttp.ClientConnectionError("no route to host")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class _Network:
    """Stands in for aiohttp's session: finds workers by their address."""

    def __init__(self, answer: Callable[[str], bytes | None]) -> None:
        self._answer = answer

    def get(self, url: str, **_: Any) -> _Answer:
        return _Answer(self._answer(url.removeprefix("http://").rpartition(":")[0]))


class Life:
    """The operator from its start to its crash."""

    def __init__(
        self,
        store: Store,
        books: Books,
        weather: Weather,
        *,
        answer: Callable[[str], bytes | None],
        admit: Callable[[TrainingJob], Admission],
        crashed: Callable[[float], None],
        failed: Callable[[str, str], None],
    ) -> None:
        self._crashed = crashed
        self._held_back = admit
        self._failed = failed
        self._passes_made = 0
        self._client = Client(store, weather, self.die)
        api = cast("Api", self._client)
        self._books = BooksOfALife(books, weather, self.die)
        loop = asyncio.get_running_loop()
        clock = Clock(lambda: store.now_ms() + weather.skew_ms, loop.time)
        self._queue: WorkQueue[JobKey] = WorkQueue(self._pass)
        self._jobs = Jobs(api)
        self.told_gone: list[JsonObject] = []
        """Pods that this life was told to be gone, as it knew them last."""
        self._pods = Reflector(
            api,
            pods_path(),
            selector(),
            key_of_pod,
            self._queue.add_soon,
            loop.time,
            keep=pod_kept,
            gone=self._pod_gone,
        )
        self._poster = Poster(cast("Ledger", self._books))
        workers = PodWorkers(api, self._pods, PodSettings(), "ullage-system", b"secret")
        network = cast("aiohttp.ClientSession", _Network(answer))
        self._puller = Puller(network, SETTINGS.progress_seconds, loop.time, self._queue.add)
        self._recorder = Recorder(api)
        written = {(hold.worker_uid, False) for hold in self._books.open_holds()}
        self._budgets = self._granted(books.ledger, clock) if isinstance(books, OnDisk) else None
        self._vanished = Vanished(
            api,
            self._pods,
            self._poster,
            self._puller,
            written,
            clock,
            closed=self._budgets.look_at if self._budgets else lambda _uid: None,
        )
        self._reconciler = Reconciler(
            self._jobs,
            self._pods,
            workers,
            self._poster,
            self._puller,
            self._recorder,
            SETTINGS,
            clock,
            self._admit,
            review=self._review,
            written=written,
        )
        self._api = api
        self._task = asyncio.create_task(self._run())

    def _granted(self, ledger: Ledger, clock: Clock) -> Budgets:
        declarations = declared_now(ledger, clock.now_ms())
        settings = BudgetSettings({RESOURCE: "A100"}, INTERVAL_SECONDS)
        return Budgets(
            self._jobs,
            self._pods,
            self._poster,
            self._recorder,
            settings,
            declarations=lambda: declarations,
            attribute=lambda job: job,
            clock=clock,
        )

    def _admit(self, job: TrainingJob) -> Admission:
        """Return whether the world holds a job back, or else whether its grant does."""
        verdict = self._held_back(job)
        return verdict if self._budgets is None or not verdict.allowed else self._budgets.admit(job)

    async def _review(self, key: JobKey) -> float | None:
        """What ``Service`` does."""
        if self._budgets is None or self._vanished.waits(key):
            return None
        return await self._budgets.review(key)

    @property
    def dead(self) -> bool:
        return self._client.dead

    @property
    def failure(self) -> str | None:
        """Why it ended by itself; null while it lives, and where it was made to end."""
        if self.dead or not self._task.done():
            return None
        return f"the operator ended: {self._task.exception()!r}"

    def wake(self) -> None:
        """Have every job looked at: the verdict on admission has changed."""
        for item in self._jobs.values():
            self._queue.add(key_of_job(item))

    def die(self, seconds: float) -> None:
        """End at once; no call that comes later has any effect."""
        if self._client.dead:
            return
        self._client.dead = self._books.dead = True
        self._task.cancel()
        self._puller.close()
        self._crashed(seconds)

    async def ended(self) -> None:
        """Wait until nothing of it is left."""
        await asyncio.gather(self._task, return_exceptions=True)
        self._poster.close()

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pods.run())
            group.create_task(self._recorder.run())
            group.create_task(self._hear_of_jobs())
            await self._pods.synced.wait()
            if self._budgets is not None:
                await self._budgets.load()
            group.create_task(self._queue.run(SETTINGS.workers))
            group.create_task(self._resync())
            group.create_task(self._vanished.run())
            if self._budgets is not None:
                group.create_task(self._budgets.run())

    def _pod_gone(self, pod: JsonObject) -> None:
        self.told_gone.append(pod)
        self._vanished.gone(pod)

    async def _pass(self, key: JobKey) -> float | None:
        self._passes_made += 1
        if self._passes_made > MANY_PASSES:
            self._failed(BUSY, f"{key}: {self._passes_made} passes")
            await asyncio.get_running_loop().create_future()
        try:
            waits = [await self._vanished.settle(key), await self._reconciler.reconcile(key)]
            return min((wait for wait in waits if wait is not None), default=None)
        except EXPECTED:
            raise
        except Exception as error:
            self._failed(PASSES, f"a pass raised {type(error).__name__}: {error}")
            raise

    async def _resync(self) -> None:
        """What ``Service`` does."""
        while True:
            try:
                for key in await self._jobs.read_all():
                    self._queue.add(key)
            except EXPECTED:
                pass
            await asyncio.sleep(RESYNC_SECONDS)

    async def _hear_of_jobs(self) -> None:
        """What kopf does: list, then watch; of what was deleted while the watch was lost nobody tells."""
        while True:
            try:
                listed = await self._api.get(jobs_path())
                for item in listed["items"]:
                    self._job_seen({"apiVersion": "ullage.dev/v1alpha1", "kind": "TrainingJob", **item}, deleted=False)
                version = listed["metadata"]["resourceVersion"]
                while True:
                    async for event in self._api.watch(jobs_path(), {"resourceVersion": version}):
                        version = event["object"]["metadata"]["resourceVersion"]
                        self._job_seen(event["object"], deleted=event["type"] == "DELETED")
            except EXPECTED:
                await asyncio.sleep(0.1)

    def _job_seen(self, job: JsonObject, *, deleted: bool) -> None:
        """What ``Service.job_seen`` does."""
        if deleted:
            self._jobs.gone(job)
        news = deleted or self._jobs.seen(job)
        (self._queue.add if news else self._queue.add_soon)(key_of_job(job))
