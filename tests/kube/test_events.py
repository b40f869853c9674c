"""Events are written while jobs go on."""

from __future__ import annotations

import asyncio
import re

import pytest
from aiohttp import web

from kube.server import ask
from ullage_operator.cluster.api import Api
from ullage_operator.cluster.events import Recorder
from ullage_operator.cluster.names import JsonObject

JOB: JsonObject = {
    "apiVersion": "ullage.dev/v1alpha1",
    "kind": "TrainingJob",
    "metadata": {"namespace": "physics", "name": "points", "uid": "0123456789"},
}


def test_events_are_written_in_order_and_one_that_is_refused_does_not_keep_back_the_others() -> None:
    written: list[tuple[str, str, str, str]] = []

    answered: asyncio.Queue[str] = asyncio.Queue()

    async def answer(request: web.Request) -> web.Response:
        body = await request.json()
        written.append((request.path, body["reason"], body["type"], body["note"]))
        await answered.put(body["reason"])
        refusal = {"reason": "Forbidden", "message": "exceeded quota"}
        return web.json_response(
            refusal if body["reason"] == "First" else body, status=403 if len(written) == 1 else 201
        )

    async def record(api: Api) -> None:
        recorder = Recorder(api)
        recorder.record(JOB, "Warning", "First", "it broke")
        recorder.record(JOB, "Normal", "Second", "x" * 2000)
        task = asyncio.create_task(recorder.run())
        await answered.get()
        await answered.get()
        recorder.record(JOB, "Normal", "Third", "done")
        await answered.get()
        task.cancel()

    ask(answer, record)
    path = "/apis/events.k8s.io/v1/namespaces/physics/events"
    assert written == [
        (path, "First", "Warning", "it broke"),
        (path, "Second", "Normal", "x" * 1024),
        (path, "Third", "Normal", "done"),
    ]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_event_that_the_api_server_can_t_take_now_is_written_later_and_before_those_that_came_after_it(
    status: int,
) -> None:
    asked: list[tuple[str, str]] = []
    answered: asyncio.Queue[str] = asyncio.Queue()

    async def answer(request: web.Request) -> web.Response:
        body = await request.json()
        asked.append((body["metadata"]["name"], body["reason"]))
        await answered.put(body["reason"])
        # It was written the first time, and the answer was lost.
        there = {"reason": "AlreadyExists", "message": "there is one of this name"}
        late = [web.json_response({"reason": "Unavailable"}, status=status), web.json_response(there, status=409)]
        return late[len(asked) - 1] if len(asked) <= 2 else web.json_response(body, status=201)

    async def record(api: Api) -> None:
        recorder = Recorder(api, pause_seconds=0)
        recorder.record(JOB, "Normal", "First", "it began")
        recorder.record(JOB, "Normal", "Second", "it goes on")
        task = asyncio.create_task(recorder.run())
        for _ in range(3):
            await answered.get()
        task.cancel()

    ask(answer, record)
    names = [name for name, _ in asked]
    assert [reason for _, reason in asked] == ["First", "First", "Second"]
    assert names[0] == names[1] != names[2]
    assert all(re.fullmatch(r"points\.[0-9a-f]{32}", name) for name in names)


def test_an_event_that_is_never_taken_is_given_up_after_twelve_tries() -> None:
    asked: list[str] = []
    taken = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        body = await request.json()
        asked.append(body["reason"])
        if body["reason"] == "Second":
            taken.set()
        return web.json_response(body, status=500 if body["reason"] == "First" else 201)

    async def record(api: Api) -> None:
        recorder = Recorder(api, pause_seconds=0)
        recorder.record(JOB, "Normal", "First", "it began")
        recorder.record(JOB, "Normal", "Second", "it goes on")
        task = asyncio.create_task(recorder.run())
        await taken.wait()
        task.cancel()

    ask(answer, record)
    assert asked == ["First"] * 12 + ["Second"]
