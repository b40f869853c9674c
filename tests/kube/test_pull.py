"""Asking workers how far they are."""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from kube.builders import observed, report
from ullage_operator.cluster.names import COORDINATOR_PORT, JobKey
from ullage_operator.cluster.pull import Puller
from ullage_trainer.config import ExitReport, WorkerState

RUNNING = report(WorkerState.RUNNING)


def test_what_a_worker_answers_is_known_and_its_job_is_looked_at_again() -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(body=RUNNING.encode())

    async def scenario() -> tuple[ExitReport | None, list[JobKey]]:
        keys: list[JobKey] = []
        answered = asyncio.Event()

        def told(key: JobKey) -> None:
            keys.append(key)
            answered.set()

        application = web.Application()
        application.router.add_get("/v1/report", answer)
        server = TestServer(application, host="127.77.0.1", port=COORDINATOR_PORT)
        async with server, aiohttp.ClientSession() as session:
            puller = Puller(session, interval_seconds=0.2, told=told)
            pod = observed({"running": {}}, phase="Running", podIP="127.77.0.1")
            puller.pull(pod)
            puller.pull(pod)
            await asyncio.wait_for(answered.wait(), 10)
            return puller.last("uid-of-pod"), keys

    assert asyncio.run(scenario()) == (RUNNING, [("physics", "points")])
    assert asked == ["/v1/report"]


def test_a_worker_that_is_let_go_is_not_waited_for() -> None:
    asked = asyncio.Event()

    async def silence(_: web.Request) -> web.Response:
        asked.set()
        await asyncio.Event().wait()
        return web.Response()

    async def scenario() -> tuple[bool, ExitReport | None]:
        application = web.Application()
        application.router.add_get("/v1/report", silence)
        server = TestServer(application, host="127.77.0.2", port=COORDINATOR_PORT)
        async with server, aiohttp.ClientSession() as session:
            puller = Puller(session, interval_seconds=0.2)
            before = asyncio.all_tasks()
            puller.pull(observed({"running": {}}, phase="Running", podIP="127.77.0.2"))
            (asking,) = asyncio.all_tasks() - before
            await asyncio.wait_for(asked.wait(), 10)
            puller.forget("uid-of-pod")
            await asyncio.wait({asking}, timeout=10)
            return asking.cancelled(), puller.last("uid-of-pod")

    assert asyncio.run(scenario()) == (True, None)
