"""A job that is made again under its name waits for the pods of the one before it, and creates none until then."""

from __future__ import annotations

import pytest
from aiohttp import web

from kube.builders import made, observed, scripted
from kube.server import ask
from ullage_operator.cluster.api import Api
from ullage_operator.cluster.names import STORAGE_ROOT, JsonObject, key_of_pod
from ullage_operator.cluster.pods import PodSettings
from ullage_operator.cluster.reflector import Reflector
from ullage_operator.cluster.workers import PodWorkers, PredecessorThere
from ullage_operator.plan import CreateWorkers, worker_plans
from ullage_operator.plan.documents import stage_document
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
