"""The operator's copies of what the API server has: they come page by page, keep what is read, and are parsed once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from kube.builders import ENDED_MS, SCRIPT, observed, report, terminated
from kube.server import ask
from ullage_operator.api.types import JobStatus, Phase, TrainingJob
from ullage_operator.cluster.api import Api
from ullage_operator.cluster.books import ended, hold_of
from ullage_operator.cluster.jobs import Jobs
from ullage_operator.cluster.names import JobKey, JsonObject, key_of_pod, pods_path
from ullage_operator.cluster.observe import has_ended, observe
from ullage_operator.cluster.reflector import Reflector
from ullage_operator.cluster.trim import pod_kept
from ullage_trainer.config import WorkerState

DISRUPTED = {"type": "DisruptionTarget", "status": "True", "reason": "Evicted", "message": "the node is drained"}
UNBOUND = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0 of 3 nodes"}
JOB: JsonObject = {
    "apiVersion": "ullage.dev/v1alpha1",
    "kind": "TrainingJob",
    "metadata": {
        "name": "points",
        "namespace": "physics",
        "uid": "0123456789",
        "generation": 1,
        "resourceVersion": "5",
    },
    "spec": SCRIPT,
}
IMAGE = "registry.example/trainer:1"
STARTING = JobStatus(phase=Phase.RUNNING, message="train: starting")


@pytest.mark.parametrize(
    "pod",
    [
        observed(),
        observed(bound=False, conditions=[UNBOUND]),
        observed({"waiting": {"reason": "ErrImagePull", "message": "no such image"}}),
        observed({"running": {}}, phase="Running", annotations={"ullage.dev/stopped": "the job was deleted"}),
        observed(terminated(0, report(WorkerState.SUCCEEDED)), phase="Succeeded"),
        observed(terminated(137, None, reason="OOMKilled"), phase="Failed"),
        observed(terminated(143), phase="Failed", conditions=[DISRUPTED]),
        observed({"running": {}}, metadata={"deletionTimestamp": "2026-11-23T08:00:40Z"}),
        observed(phase="Failed", reason="Evicted", message="the node was low on memory"),
    ],
)
def test_of_a_pod_all_that_is_read_is_kept(pod: JsonObject) -> None:
    kept = pod_kept(pod)

    def read(item: JsonObject) -> tuple[Any, ...]:
        hold = hold_of(item)
        entries = None if hold is None else ended(item, hold, None, ENDED_MS)
        return key_of_pod(item), has_ended(item, ENDED_MS), observe(item, None, ENDED_MS), hold, entries

    assert read(kept) == read(pod)
    assert pod_kept(kept) == kept
    assert "ullage.dev/document" in pod["metadata"]["annotations"]
    assert list(kept["metadata"]["annotations"]).count("ullage.dev/document") == 0


def test_a_list_that_comes_in_pages_is_one_copy() -> None:
    names = ["first", "second", "third"]
    asked: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(dict(request.query))
        if "watch" in request.query:
            return web.json_response({"kind": "Status", "code": 500, "message": "no watch here"}, status=500)
        at = int(request.query.get("continue", "0"))
        further = {"continue": str(at + 1)} if at + 1 < len(names) else {}
        item = observed(metadata={"uid": names[at]})
        return web.json_response({"metadata": {"resourceVersion": "7", **further}, "items": [item]})

    async def look(api: Api) -> tuple[set[JobKey], list[str]]:
        changed: set[JobKey] = set()
        pods = Reflector(api, pods_path(), "a=b", key_of_pod, changed.add, keep=pod_kept)
        task = asyncio.create_task(pods.run())
        await pods.synced.wait()
        task.cancel()
        return changed, [item["metadata"]["uid"] for item in pods.of(("physics", "points"))]

    assert ask(answer, look) == ({("physics", "points")}, names)
    first = {"labelSelector": "a=b", "limit": "100"}
    assert asked[:3] == [first, {**first, "continue": "1"}, {**first, "continue": "2"}]


def test_a_pod_that_was_made_while_an_older_list_was_on_its_way_stays() -> None:
    listed = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        if "watch" not in request.query:
            await listed.wait()
        item = observed(metadata={"uid": "old", "resourceVersion": "3"})
        return web.json_response({"metadata": {"resourceVersion": "7"}, "items": [item]})

    async def look(api: Api) -> list[str]:
        pods = Reflector(api, pods_path(), "", key_of_pod, lambda _: None, keep=pod_kept)
        task = asyncio.create_task(pods.run())
        pods.put(observed(metadata={"uid": "made-meanwhile", "resourceVersion": "8"}))
        pods.put(observed(metadata={"uid": "gone-meanwhile", "resourceVersion": "6"}))
        listed.set()
        await pods.synced.wait()
        task.cancel()
        return sorted(item["metadata"]["uid"] for item in pods.of(("physics", "points")))

    assert ask(answer, look) == ["made-meanwhile", "old"]


def test_a_pod_that_a_list_had_no_more_does_not_come_back_by_an_answer_from_before_it() -> None:
    """Nobody would ever tell again that it is gone."""
    lists = [[observed(metadata={"uid": uid, "resourceVersion": "3"}) for uid in ("stays", "gone")]]
    lists.append(lists[0][:1])
    relisted = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        if "watch" in request.query and len(lists) == 2:
            lists.pop(0)
            return web.json_response({"kind": "Status", "code": 410, "reason": "Gone"}, status=410)
        if "watch" in request.query:
            relisted.set()
            return web.json_response({"kind": "Status", "code": 500, "message": "no watch here"}, status=500)
        version = str(9 - len(lists))
        return web.json_response({"metadata": {"resourceVersion": version}, "items": lists[0]})

    async def look(api: Api) -> list[str]:
        pods = Reflector(api, pods_path(), "", key_of_pod, lambda _: None, keep=pod_kept)
        task = asyncio.create_task(pods.run())
        await relisted.wait()
        task.cancel()
        pods.put(observed(metadata={"uid": "gone", "resourceVersion": "5"}))
        pods.put(observed(metadata={"uid": "stays", "resourceVersion": "6"}))
        pods.put(observed(metadata={"uid": "made", "resourceVersion": "9"}))
        return [f"{item['metadata']['uid']} {item['metadata']['resourceVersion']}" for item in pods.values()]

    assert ask(answer, look) == ["stays 6", "made 9"]


def test_a_job_is_parsed_once_for_each_change_that_is_not_ours() -> None:
    written: list[JsonObject] = []

    async def answer(request: web.Request) -> web.Response:
        written.append(await request.json())
        metadata = {**JOB["metadata"], "resourceVersion": "6", "managedFields": [{"manager": "somebody"}]}
        return web.json_response({**written[-1], "metadata": metadata})

    async def look(api: Api) -> tuple[Jobs, TrainingJob]:
        jobs = Jobs(api)
        jobs.seen(JOB)
        before = jobs.parse(JOB, IMAGE)
        assert await jobs.write_status(JOB, STARTING)
        return jobs, before

    jobs, before = ask(answer, look)
    raw = jobs.get(("physics", "points"))
    assert raw == {**JOB, "metadata": {**JOB["metadata"], "resourceVersion": "6"}, "status": written[0]["status"]}
    assert jobs.parse(raw, IMAGE).spec is before.spec
    assert (before.status, jobs.parse(raw, IMAGE).status) == (JobStatus(), STARTING)
    suspended = {**raw, "metadata": {**raw["metadata"], "resourceVersion": "8"}, "status": {"phase": "Suspended"}}
    assert jobs.parse(suspended, IMAGE).status == JobStatus(phase=Phase.SUSPENDED)


def test_what_is_told_late_of_a_job_does_not_take_the_place_of_the_one_made_after_it() -> None:
    jobs = Jobs(None)  # type: ignore[arg-type] # nothing is asked of an API server
    late = {**JOB, "metadata": {**JOB["metadata"], "resourceVersion": "7", "deletionTimestamp": "2026-11-23T08:00:40Z"}}
    successor = {**JOB, "metadata": {**JOB["metadata"], "uid": "9876543210", "resourceVersion": "8"}}
    jobs.seen(JOB)
    jobs.seen(successor)
    jobs.seen(late)
    jobs.gone(late)
    assert jobs.get(("physics", "points")) == successor
