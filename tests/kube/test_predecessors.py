"""A job that is made again under its name waits for the pods of the one before it, and creates none until then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from kube.builders import IMAGE, SCRIPT, made, observed, scripted
from kube.server import ask
from ullage_operator.cluster.api import Api
from ullage_operator.cluster.events import Recorder
from ullage_operator.cluster.jobs import Jobs
from ullage_operator.cluster.names import STORAGE_ROOT, JsonObject, key_of_pod
from ullage_operator.cluster.pods import PodSettings
from ullage_operator.cluster.pull import Puller
from ullage_operator.cluster.reflector import Reflector
from ullage_operator.cluster.workers import PodWorkers, PredecessorThere
from ullage_operator.ledger import Ledger, sqlite_url
from ullage_operator.plan import CreateWorkers, worker_plans
from ullage_operator.plan.documents import stage_document
from ullage_operator.posting import Poster
from ullage_operator.reconcile import Reconciler
from ullage_operator.settings import Settings
from ullage_trainer.config import Stage

JOB = scripted()
FIRST = made()["metadata"]["name"]
PREDECESSOR: JsonObject = {**observed(metadata={"uid": "pod-of-another", "resourceVersion": "3"})}
PREDECESSOR["metadata"]["labels"] = {**PREDECESSOR["metadata"]["labels"], "ullage.dev/job-uid": "another"}


@pytest.mark.parametrize(("known", "posts_pods"), [(True, False), (False, True)])
def test_a_predecessor_s_pod_is_waited_for_whether_or_not_the_watch_has_told_of_it(
    *, known: bool, posts_pods: bool
) -> None:
    asked: list[tuple[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append((request.method, request.path.rpartition("/")[2]))
        if request.method == "POST" and request.path.endswith("/pods"):
            refusal = {"kind": "Status", "reason": "AlreadyExists", "message": "it is there", "code": 409}
            return web.json_response(refusal, status=409)
        return web.json_response(PREDECESSOR if request.method == "GET" else {})

    async def look(api: Api) -> bool:
        pods = Reflector(api, "", "", key_of_pod, lambda _: None)
        if known:
            pods.put(PREDECESSOR)
        workers = PodWorkers(api, pods, PodSettings(), "ullage-system", b"secret")
        document = stage_document(JOB, Stage.TRAIN, 1, {}, STORAGE_ROOT)
        with pytest.raises(PredecessorThere, match=FIRST) as raised:
            await workers.create(JOB, CreateWorkers(document, worker_plans(JOB, Stage.TRAIN, 1)[:1]))
        return raised.value.watched

    assert ask(answer, look) is known
    ready = [("POST", "services"), ("POST", "networkpolicies")]
    assert asked == ([*ready, ("POST", "pods"), ("GET", FIRST)] if posts_pods else [])


KEY = ("physics", "points")
RAW: JsonObject = {
    "apiVersion": "ullage.dev/v1alpha1",
    "kind": "TrainingJob",
    "metadata": {
        "name": "points",
        "namespace": "physics",
        "uid": "uid-of-this",
        "resourceVersion": "1",
        "generation": 1,
    },
    "spec": {"workers": {"replicas": 2}, **SCRIPT},
}


def server(told: list[str]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """An API server that takes all that it is given, and keeps what statuses say."""
    versions = iter(range(2, 1000))

    async def answer(request: web.Request) -> web.Response:
        body: dict[str, Any] = await request.json() if request.method in ("POST", "PUT") else {}
        if request.path.endswith("/status"):
            told.append(body["status"]["message"])
        if body.get("kind") in ("Pod", "TrainingJob"):
            version = str(next(versions))
            body["metadata"] |= {"resourceVersion": version, "uid": body["metadata"].get("uid", f"uid-{version}")}
        return web.json_response(body)

    return answer


def test_a_job_that_waits_for_a_predecessor_s_pods_says_so_once(tmp_path: Path) -> None:
    told: list[str] = []

    async def work(api: Api) -> list[float | None]:
        pods, jobs = Reflector(api, "", "", key_of_pod, lambda _: None), Jobs(api)
        pods.put(PREDECESSOR)
        jobs.seen(RAW)
        ledger = Ledger.open(sqlite_url(tmp_path / "ledger.sqlite3"), cluster="test", now_ms=lambda: 0)
        poster, settings = Poster(ledger), Settings(tmp_path, "", trainer_image=IMAGE)
        workers = PodWorkers(api, pods, PodSettings(), "ullage-system", b"secret")
        with ledger:
            async with aiohttp.ClientSession() as session:
                puller = Puller(session, 60.0)
                reconciler = Reconciler(jobs, pods, workers, poster, puller, Recorder(api), settings)
                waits = [await reconciler.reconcile(KEY) for _ in range(6)]
                workers.pods = reconciler.pods = Reflector(api, "", "", key_of_pod, lambda _: None)
                waits += [await reconciler.reconcile(KEY) for _ in range(3)]
            poster.close()
        return waits

    waits = ask(server(told), work)
    starting, waiting = "train: starting", "train: waits until the pods of the job that had this name before are gone"
    assert told == [starting, waiting, "train: 0 of 2 workers running"]
    assert waits[:6] == [0.0, 0.0, 30.0, 30.0, 30.0, 30.0]
