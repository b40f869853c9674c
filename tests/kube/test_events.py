"""Events are written while jobs go on."""

from __future__ import annotations

import asyncio

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
