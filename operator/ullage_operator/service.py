"""The running operator: what it is made of, how it starts and ends, and whether it is well."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import secrets
import time
from importlib.metadata import version
from pathlib import Path
from typing import Final
from urllib.request import getproxies

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration
from prometheus_client import CollectorRegistry, ProcessCollector

from .budgets import Budgets, BudgetSettings
from .clock import Clock, now_ms
from .cluster.api import Api, ApiRefusal
from .cluster.events import Recorder
from .cluster.jobs import Jobs
from .cluster.names import (
    GROUP,
    PLURAL,
    VERSION,
    JobKey,
    JsonObject,
    key_of_job,
    key_of_pod,
    pods_path,
    selector,
    uid_of,
)
from .cluster.nodes import NODES_PATH, capacity, key_of_node, stated_capacity, subject_of_cluster
from .cluster.objects import KINDS, Objects
from .cluster.pull import Puller
from .cluster.reflector import Reflector
from .cluster.trim import node_kept, pod_kept
from .cluster.workers import PodWorkers
from .gauges import GapCollector, LinesCollector
from .health import ailments
from .ledger import Capacity, Change, Ledger, LedgerError
from .metrics import BooksCollector, CapacityCollector, JobsCollector, OperatorCollector, PassMetrics
from .owners import Owners
from .posting import Poster
from .programme import Programme, ProgrammeSettings
from .reconcile import Reconciler
from .serving import Pages, application, serve
from .settings import Settings
from .vanished import Vanished
from .workqueue import WorkQueue

_log = logging.getLogger(__name__)
_RESYNC_SECONDS: Final = 300.0
_LOCK_SECONDS: Final = 2.0
_DEFINITION_SECONDS: Final = 0.5
_NODES_SECONDS: Final = 60.0
_SECRET_BYTES: Final = 32
_CONNECTIONS: Final = 24
"""To the API server: a few watch, the others are for requests. Each has a buffer of 256 KiB (``asyncio.sslproto``)."""
_WATCHERS: Final = {kind: f"watcher for {kind}." for kind in (PLURAL, *KINDS.values())}
"""How kopf's task begins that watches a kind. It ends at the first error that kopf takes for a final one."""


class Service:
    """The operator of one cluster."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._stack = contextlib.AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self._watched: set[str] = set()
        self._began = time.monotonic()
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._passes = PassMetrics(self._registry)
        self._passes.info.labels(version("ullage")).set(1)

    async def start(self) -> None:
        """Open the books, connect to the API server, and begin to work."""
        settings = self.settings
        settings.state.mkdir(parents=True, exist_ok=True)
        await self._lock(settings.state / "lock")
        self.ledger = self._stack.enter_context(
            Ledger.open(settings.ledger_url, cluster=settings.cluster, now_ms=now_ms)
        )
        configuration = Configuration()
        try:
            config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        except config.ConfigException:
            await config.load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        # The client would look for a proxy and for a password, each in a thread of its own, before each request.
        configuration.client_session_kwargs = {"trust_env": bool(getproxies())}
        configuration.connection_pool_maxsize = _CONNECTIONS
        client = await self._stack.enter_async_context(ApiClient(configuration))
        session = await self._stack.enter_async_context(aiohttp.ClientSession())
        self.api = Api(client)
        await self._wait_for_definitions()
        self.queue: WorkQueue[JobKey] = WorkQueue(self._pass)
        self.jobs = Jobs(self.api)
        self.pods = Reflector(
            self.api, pods_path(), selector(), key_of_pod, self.queue.add_soon, keep=pod_kept, gone=self._pod_gone
        )
        self.nodes = Reflector(self.api, NODES_PATH, "", key_of_node, lambda _: None, keep=node_kept)
        self.poster = Poster(self.ledger)
        self._stack.callback(self.poster.close)
        self._workers = PodWorkers(self.api, self.pods, settings.pods, settings.namespace, gang_secret(settings.state))
        puller = Puller(session, settings.progress_seconds, told=self.queue.add)
        self._stack.callback(puller.close)
        written = {(hold.worker_uid, False) for hold in self.ledger.open_holds()}
        recorder = Recorder(self.api)
        self.programme = self._programme(recorder)
        self.budgets = Budgets(
            self.jobs,
            self.pods,
            self.poster,
            recorder,
            BudgetSettings(settings.accelerator_types, settings.accounting_seconds),
            declarations=lambda: self.programme.declarations,
            attribute=self.programme.attributed,
            clock=Clock(self.api.clock.now_ms),
        )
        await self.budgets.load()
        self._vanished = Vanished(
            self.api,
            self.pods,
            self.poster,
            puller,
            written,
            Clock(self.api.clock.now_ms),
            closed=self.budgets.look_at,
        )
        self._began = time.monotonic()
        owners = Owners(self.nodes, settings.accelerator_types, lambda: self.programme.declarations)
        self._reconciler = Reconciler(
            self.jobs,
            self.pods,
            self._workers,
            self.poster,
            puller,
            recorder,
            settings,
            Clock(self.api.clock.now_ms),
            admit=self.budgets.admit,
            attribute=self.programme.attributed,
            own_machines=owners.own_machines,
            review=self._review,
            written=written,
        )
        self._registry.register(BooksCollector(self.ledger))
        self._registry.register(JobsCollector(self.jobs.values))
        self._registry.register(GapCollector(lambda: self.programme.measured))
        self._registry.register(LinesCollector(lambda: self.programme.lines))
        self._registry.register(OperatorCollector(self))
        self._registry.register(CapacityCollector(lambda: capacity(self.nodes.values()), self.ledger))
        server = serve(application(self._registry, self._pages()), settings.metrics_port)
        self._stack.callback(server.server_close)
        self._stack.callback(server.shutdown)
        self._tasks = [
            asyncio.create_task(self.pods.run(), name="pods"),
            asyncio.create_task(self.nodes.run(), name="nodes"),
            asyncio.create_task(recorder.run(), name="events"),
            asyncio.create_task(self.programme.namespaces.run(), name="namespaces"),
            asyncio.create_task(self.programme.run(), name="programme"),
            asyncio.create_task(self._work(), name="work"),
        ]

    def _pages(self) -> Pages:
        """Return what writes report pages: the command finds the books by its environment."""
        settings = self.settings
        kinds = " ".join(f"{resource}={kind}" for resource, kind in settings.accelerator_types.items())
        books = {
            "ULLAGE_LEDGER_URL": settings.ledger_url,
            "ULLAGE_CLUSTER": settings.cluster,
            "ULLAGE_ACCELERATOR_TYPE": kinds,
        }
        return Pages(os.environ | books, settings.progress_seconds)

    def _programme(self, recorder: Recorder) -> Programme:
        def look(_: JobKey) -> None:
            self.programme.look()

        namespaces = Reflector(
            self.api,
            "/api/v1/namespaces",
            "",
            lambda item: ("", item["metadata"]["name"]),
            look,
            gone=lambda item: self._workers.namespace_gone(item["metadata"]["name"]),
        )
        terms = ProgrammeSettings(
            self.settings.accelerator_types, self.settings.catalogue, self.settings.progress_seconds
        )
        return Programme(
            Objects(self.api), namespaces, self.ledger, self.poster, recorder, terms, changed=self._look_at_all_jobs
        )

    def _look_at_all_jobs(self) -> None:
        for job in self.jobs.values():
            self.queue.add(key_of_job(job))

    def _pod_gone(self, pod: JsonObject) -> None:
        self._vanished.gone(pod)

    async def _lock(self, path: Path) -> None:
        """Hold the folder for life: two operators would write the same books, and end each other's pods."""
        lock = self._stack.enter_context(path.open("a"))
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _log.warning("%s: another operator holds it; waiting for it to end", path)
                await asyncio.sleep(_LOCK_SECONDS)
            else:
                return

    async def _wait_for_definitions(self) -> None:
        """Wait until the API server knows what our kinds are: kopf looks only once which there are."""
        wanted = {PLURAL, *KINDS.values()}
        while True:
            try:
                known = await self.api.get(f"/apis/{GROUP}/{VERSION}")
                if not (lacking := wanted - {resource["name"] for resource in known["resources"]}):
                    return
                why = f"there is none yet of {', '.join(sorted(lacking))}"
            except (ApiRefusal, aiohttp.ClientError, OSError, TimeoutError) as error:
                why = str(error)
            _log.warning("waiting for the definitions of %s: %s", GROUP, why)
            await asyncio.sleep(_DEFINITION_SECONDS)

    async def stop(self) -> None:
        """End; what was begun is taken up by the next operator."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()

    def job_seen(self, job: JsonObject, *, deleted: bool) -> None:
        """Take what the watch tells of a job."""
        if deleted:
            self.jobs.gone(job)
        # What is no news is most often what we wrote ourselves.
        news = deleted or self.jobs.seen(job)
        (self.queue.add if news else self.queue.add_soon)(key_of_job(job))

    def declared(self, item: JsonObject, *, deleted: bool) -> None:
        """Take what the watch tells of an institution, an investment or a price list."""
        self.programme.seen(item, deleted=deleted)

    def ailments(self) -> list[str]:
        """Return why the operator is not well; empty if it is."""
        names = [task.get_name() for task in asyncio.all_tasks()]
        watched = {kind for kind, task in _WATCHERS.items() if any(name.startswith(task) for name in names)}
        self._watched |= watched
        copies = {"pods": self.pods, "nodes": self.nodes, "namespaces": self.programme.namespaces}
        return ailments(
            ended=[task.get_name() for task in self._tasks if task.done()],
            unheard_seconds={kind: copy.age_seconds for kind, copy in copies.items()},
            unwatched=self._watched - watched,
            unread_seconds=0.0 if self.programme.ready.is_set() else time.monotonic() - self._began,
        )

    @property
    def requests(self) -> dict[tuple[str, int], int]:
        """Requests to the API server by verb and status code."""
        return dict(self.api.requests)

    @property
    def queue_depth(self) -> int:
        """Jobs that wait for their turn."""
        return self.queue.depth

    @property
    def watch_age_seconds(self) -> float:
        """How long ago the view of pods was known to be true."""
        return self.pods.age_seconds

    @property
    def ledger_errors(self) -> int:
        """Posts that the ledger did not take."""
        return self.poster.errors

    async def _work(self) -> None:
        await self.pods.synced.wait()
        # Whose machines a pod is on is written with its hold.
        await self.nodes.synced.wait()
        # Whose a job is, and what it may take, is known before its first pod is made.
        await self.programme.ready.wait()
        await self._read_jobs()  # Before the first pass, which would ask for each on its own.
        async with asyncio.TaskGroup() as group:
            group.create_task(self.queue.run(self.settings.workers))
            group.create_task(self._resync())
            group.create_task(self._look_at_nodes())
            group.create_task(self.budgets.run())
            group.create_task(self._vanished.run())

    async def _resync(self) -> None:
        """List jobs now and then: a deletion that happened while a watch was lost is told by nobody."""
        while True:
            await asyncio.sleep(_RESYNC_SECONDS)
            await self._read_jobs()

    async def _read_jobs(self) -> None:
        try:
            for key in await self.jobs.read_all():
                self.queue.add(key)
            self._reconciler.forget_others({uid_of(job) for job in self.jobs.values()})
        except (ApiRefusal, aiohttp.ClientError, OSError, TimeoutError) as error:
            _log.warning("listing jobs: %s", error)

    async def _look_at_nodes(self) -> None:
        """Keep what nodes can give in the books."""
        await self.nodes.synced.wait()
        while True:
            try:
                await self._post_capacity(self.nodes.values())
            except LedgerError as error:
                _log.warning("what nodes can give: %s", error)
            await asyncio.sleep(_NODES_SECONDS)

    async def _post_capacity(self, nodes: list[JsonObject]) -> None:
        """Post what nodes can give, where that has changed."""
        cluster, now = self.settings.cluster, now_ms()

        def post(ledger: Ledger) -> None:
            subject = subject_of_cluster(cluster)
            with ledger.books() as books:
                before = [entry for entry in books.standing(subject) if isinstance(entry, Capacity)]
            stated = stated_capacity(before, nodes, cluster, now)
            if stated != before:
                ledger.restate(subject, stated, Change(reason="nodes changed", author="ullage", at_ms=now))

        await self.poster.run(post)

    async def _pass(self, key: JobKey) -> float | None:
        with self._passes.seconds.time(), self._passes.failures.count_exceptions():
            # What is gone no longer holds anything; that comes before the question what may be held.
            waits = [await self._vanished.settle(key), await self._reconciler.reconcile(key)]
            return min((wait for wait in waits if wait is not None), default=None)

    async def _review(self, key: JobKey) -> float | None:
        """Ask the books about a job, unless they lack the end of a pod that is gone."""
        return None if self._vanished.waits(key) else await self.budgets.review(key)


def gang_secret(state: Path) -> bytes:
    """Return the secret that gangs' keys are derived from, made at the first start and kept beside the books."""
    path = state / "gang.key"
    if not path.exists():
        partial = state / "gang.key.partial"
        partial.touch(mode=0o600)
        partial.write_bytes(secrets.token_bytes(_SECRET_BYTES))
        partial.rename(path)
    return path.read_bytes()
