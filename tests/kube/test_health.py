"""Liveness tells the truth: of a watch that is silent, of one that ended, of what was never read."""

from __future__ import annotations

import asyncio
import json

from aiohttp import web

from kube.builders import observed
from kube.server import ask
from ullage_operator.cluster.api import Api
from ullage_operator.cluster.names import key_of_pod, pods_path
from ullage_operator.cluster.reflector import Reflector
from ullage_operator.health import ailments


def test_an_operator_that_hears_of_everything_is_well() -> None:
    assert ailments(ended=[], unheard_seconds={"pods": 61.0, "nodes": 120.0}, unwatched=[], unread_seconds=5.0) == []


def test_each_thing_that_is_wrong_is_told() -> None:
    assert ailments(
        ended=["events"],
        unheard_seconds={"pods": 121.0, "nodes": 3.0},
        unwatched={"trainingjobs", "institutions"},
        unread_seconds=130.0,
    ) == [
        "the task events has ended",
        "pods were last heard of 121 s ago",
        "institutions are not watched any more",
        "trainingjobs are not watched any more",
        "institutions and investments could not be read for 130 s: jobs wait for that",
    ]


def test_a_watch_that_is_open_and_silent_grows_old_until_a_bookmark_comes() -> None:
    bookmark, heard, over = asyncio.Event(), asyncio.Event(), asyncio.Event()
    now = [0.0]
    later = observed(metadata={"uid": "later", "resourceVersion": "9"})

    async def answer(request: web.Request) -> web.StreamResponse:
        if "watch" not in request.query:
            return web.json_response({"metadata": {"resourceVersion": "7"}, "items": [observed()]})
        response = web.StreamResponse()
        await response.prepare(request)
        await bookmark.wait()
        told = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "8"}}}
        await response.write(json.dumps(told).encode() + b"\n")
        # What comes after the bookmark is heard of after it.
        await response.write(json.dumps({"type": "ADDED", "object": later}).encode() + b"\n")
        await over.wait()
        return response

    async def look(api: Api) -> list[float]:
        pods = Reflector(api, pods_path(), "", key_of_pod, lambda _: bookmark.is_set() and heard.set(), lambda: now[0])
        task = asyncio.create_task(pods.run())
        await pods.synced.wait()
        ages = [pods.age_seconds]
        now[0] = 70.0
        ages.append(pods.age_seconds)
        bookmark.set()
        await heard.wait()
        ages.append(pods.age_seconds)
        over.set()
        task.cancel()
        return ages

    assert ask(answer, look) == [0.0, 70.0, 0.0]


def test_a_pod_that_is_longer_than_a_reader_s_line_is_heard_of() -> None:
    """A document may have 200 KiB."""
    large = observed(metadata={"uid": "large", "resourceVersion": "8"}, annotations={"of": "x" * 400_000})

    async def answer(request: web.Request) -> web.StreamResponse:
        if "watch" not in request.query:
            return web.json_response({"metadata": {"resourceVersion": "7"}, "items": []})
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(json.dumps({"type": "ADDED", "object": large}).encode() + b"\n")
        return response

    async def look(api: Api) -> list[int]:
        events = api.watch(pods_path(), {})
        return [len(event["object"]["metadata"]["annotations"]["of"]) async for event in events]

    assert ask(answer, look) == [400_000]
