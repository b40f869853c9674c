"""A namespace's Service and NetworkPolicy: made before the first pod, and again where somebody took them away."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from aiohttp import web

from kube.builders import IMAGE, scripted
from kube.server import ask
from ullage_operator.cluster.api import Api
from ullage_operator.cluster.names import STORAGE_ROOT, key_of_pod
from ullage_operator.cluster.pods import PodSettings
from ullage_operator.cluster.reflector import Reflector
from ullage_operator.cluster.workers import PodWorkers, Refused
from ullage_operator.plan import CreateWorkers, stage_document, worker_plans
from ullage_trainer.config import Failure, Reason, Stage

JOB = scripted(workers={"replicas": 1})
JOB = JOB.model_copy(update={"status": JOB.status.model_copy(update={"image": IMAGE})})
OWN = ["services", "networkpolicies"]


def attempt(number: int) -> CreateWorkers:
    document = stage_document(JOB, Stage.TRAIN, number, {}, STORAGE_ROOT)
    return CreateWorkers(document, worker_plans(JOB, Stage.TRAIN, number))


def test_they_are_looked_after_at_first_in_another_attempt_after_a_while_and_in_a_namespace_made_anew() -> None:
    asked: list[str] = []
    now = [0.0]

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path.rpartition("/")[2])
        body = await request.json()
        body["metadata"] |= {"uid": f"uid-{len(asked)}", "resourceVersion": str(len(asked))}
        return web.json_response(body)

    async def make(api: Api) -> None:
        pods = Reflector(api, "", "", key_of_pod, lambda _: None)
        workers = PodWorkers(api, pods, PodSettings(), "ullage-system", b"secret", monotonic=lambda: now[0])
        await workers.create(JOB, attempt(1))
        await workers.create(JOB, attempt(1))
        now[0] += 1.0
        await workers.create(JOB, attempt(2))
        now[0] += 299.0
        await workers.create(JOB, attempt(1))
        now[0] += 2.0
        await workers.create(JOB, attempt(1))
        workers.namespace_gone("physics")
        await workers.create(JOB, attempt(1))

    ask(answer, make)
    assert asked == [*OWN, "pods", "pods", *OWN, "pods", "pods", *OWN, "pods", *OWN, "pods"]


def test_a_quota_that_keeps_the_service_out_is_named() -> None:
    message = "exceeded quota: none, requested: services=1, used: services=0, limited: services=0"

    async def answer(_: web.Request) -> web.Response:
        refusal = {"kind": "Status", "reason": "Forbidden", "message": message, "code": 403}
        return web.json_response(refusal, status=HTTPStatus.FORBIDDEN)

    async def make(api: Api) -> Failure:
        pods = Reflector(api, "", "", key_of_pod, lambda _: None)
        with pytest.raises(Refused) as refused:
            await PodWorkers(api, pods, PodSettings(), "ullage-system", b"secret").create(JOB, attempt(1))
        return refused.value.failure

    assert ask(answer, make) == Failure(
        reason=Reason.QUOTA_EXCEEDED, message=f"Service ullage-workers is not admitted: {message}"
    )
