"""What the gang schedulers are given, compared with what their documentation asks for."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from kube.builders import made, observed, scripted
from kube.server import ask
from ullage_operator.cluster.api import Api
from ullage_operator.cluster.contention import elder
from ullage_operator.cluster.gang import GangScheduler, in_gang, pod_group
from ullage_operator.cluster.jobs import Jobs
from ullage_operator.cluster.names import JobKey, JsonObject, key_of_pod
from ullage_operator.cluster.observe import observe
from ullage_operator.cluster.pods import PodSettings
from ullage_operator.cluster.reflector import Reflector
from ullage_operator.cluster.workers import PodWorkers
from ullage_operator.plan import CreateWorkers, stage_document, worker_plans
from ullage_trainer.config import Stage

QUEUED = scripted(runPolicy={"queue": "research"}, workers={"replicas": 2, "template": {"priorityClassName": "high"}})
DOCUMENT = stage_document(QUEUED, Stage.TRAIN, 3, {}, "/storage")
PLANS = worker_plans(QUEUED, Stage.TRAIN, 3)
UNSCHEDULABLE = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "full"}]


@pytest.mark.parametrize(
    ("scheduler", "api", "spec"),
    [
        (
            GangScheduler.VOLCANO,
            "scheduling.volcano.sh/v1beta1",
            {"minMember": 2, "queue": "research", "priorityClassName": "high"},
        ),
        (GangScheduler.COSCHEDULING, "scheduling.x-k8s.io/v1alpha1", {"minMember": 2}),
    ],
)
def test_volcano_and_coscheduling_get_a_pod_group_an_attempt(
    scheduler: GangScheduler, api: str, spec: dict[str, Any]
) -> None:
    group = pod_group(scheduler, QUEUED, DOCUMENT, PLANS)
    assert group is not None
    assert group.path == f"/apis/{api}/namespaces/physics/podgroups"
    assert group.body == {
        "apiVersion": api,
        "kind": "PodGroup",
        "metadata": {
            "name": "points-train-3",
            "namespace": "physics",
            "labels": {
                "app.kubernetes.io/managed-by": "ullage",
                "app.kubernetes.io/name": "ullage",
                "ullage.dev/job-uid": QUEUED.metadata.uid,
            },
            "ownerReferences": [
                {
                    "apiVersion": "ullage.dev/v1alpha1",
                    "kind": "TrainingJob",
                    "name": "points",
                    "uid": QUEUED.metadata.uid,
                }
            ],
        },
        "spec": spec,
    }


@pytest.mark.parametrize(
    ("scheduler", "groups"),
    [
        (GangScheduler.VOLCANO, "/apis/scheduling.volcano.sh/v1beta1/namespaces/physics/podgroups"),
        (GangScheduler.COSCHEDULING, "/apis/scheduling.x-k8s.io/v1alpha1/namespaces/physics/podgroups"),
    ],
)
def test_groups_of_earlier_attempts_are_deleted_once_that_of_the_new_one_is_there_and_before_its_pods(
    scheduler: GangScheduler, groups: str
) -> None:
    others = {
        "labelSelector": f"ullage.dev/job-uid={QUEUED.metadata.uid}",
        "fieldSelector": "metadata.name!=points-train-3",
    }
    pod = ("POST", "/api/v1/namespaces/physics/pods", {})
    assert asked_for_attempt(scheduler)[-4:] == [("POST", groups, {}), ("DELETE", groups, others), pod, pod]


@pytest.mark.parametrize("scheduler", [GangScheduler.KUEUE, None])
def test_who_needs_no_groups_has_none_deleted(scheduler: GangScheduler | None) -> None:
    assert [method for method, _, _ in asked_for_attempt(scheduler)] == ["POST"] * 4


def asked_for_attempt(scheduler: GangScheduler | None) -> list[tuple[str, str, dict[str, str]]]:
    """Create the pods of an attempt; return what the API server was asked for."""
    asked: list[tuple[str, str, dict[str, str]]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append((request.method, request.path, dict(request.query)))
        body = await request.json() if request.can_read_body else {}
        metadata = body.get("metadata", {}) | {"uid": f"uid-{len(asked)}", "resourceVersion": str(len(asked))}
        return web.json_response(body | {"metadata": metadata})

    async def work(api: Api) -> None:
        pods = Reflector(api, "", "", key_of_pod, lambda _: None)
        workers = PodWorkers(api, pods, PodSettings(gang=scheduler), "ullage-system", b"secret")
        await workers.create(QUEUED, CreateWorkers(DOCUMENT, PLANS))

    ask(answer, work)
    return asked


def test_kueue_needs_no_object_of_its_own() -> None:
    assert pod_group(GangScheduler.KUEUE, QUEUED, DOCUMENT, PLANS) is None


@pytest.mark.parametrize(
    ("scheduler", "labels", "annotations", "name"),
    [
        (GangScheduler.VOLCANO, {}, {"scheduling.k8s.io/group-name": "points-train-3"}, "volcano"),
        (
            GangScheduler.COSCHEDULING,
            {"scheduling.x-k8s.io/pod-group": "points-train-3"},
            {},
            "scheduler-plugins-scheduler",
        ),
        (
            GangScheduler.KUEUE,
            {"kueue.x-k8s.io/queue-name": "research", "kueue.x-k8s.io/pod-group-name": "points-train-3"},
            {"kueue.x-k8s.io/pod-group-total-count": "2", "kueue.x-k8s.io/retriable-in-group": "false"},
            None,
        ),
    ],
)
def test_a_pod_says_which_gang_it_belongs_to(
    scheduler: GangScheduler, labels: dict[str, str], annotations: dict[str, str], name: str | None
) -> None:
    before = made()
    pod = in_gang(scheduler, before, QUEUED, DOCUMENT, 2)
    assert pod["metadata"]["labels"] == before["metadata"]["labels"] | labels
    assert pod["metadata"]["annotations"] == before["metadata"]["annotations"] | annotations
    assert pod["spec"].get("schedulerName") == name


def test_without_a_queue_kueue_leaves_a_pod_alone() -> None:
    assert in_gang(GangScheduler.KUEUE, made(), scripted(), DOCUMENT, 2) == made()


def test_a_pod_that_a_queue_holds_back_says_so() -> None:
    pod = observed(bound=False, conditions=[{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}])
    pod["spec"]["schedulingGates"] = [{"name": "kueue.x-k8s.io/admission"}]
    worker = observe(pod, None, 0)
    assert (worker.gated, worker.bound) == (True, False)
    assert worker.seen is not None
    assert worker.seen.message == "pod points-train-1-0: waits in a queue: kueue.x-k8s.io/admission"


def torn(job: str, *, whole: bool = False) -> list[JsonObject]:
    """A job's two pods, of which one has no node unless the gang is whole."""
    pods = [observed({"running": {}}), observed(bound=whole, conditions=[] if whole else UNSCHEDULABLE)]
    for index, pod in enumerate(pods):
        pod["metadata"] |= {"name": f"{job}-train-1-{index}", "uid": f"{job}-{index}"}
        pod["metadata"]["labels"] |= {"ullage.dev/job": job, "ullage.dev/job-uid": f"uid-{job}"}
    return pods


def cluster(*gangs: tuple[str, str, list[JsonObject]]) -> tuple[Jobs, Reflector]:
    """A cluster as the operator sees it: jobs by name and time, with their pods."""
    jobs = Jobs(None)  # type: ignore[arg-type] # nothing is asked of an API server
    pods = Reflector(None, "", "", key_of_pod, lambda _: None)  # type: ignore[arg-type]
    for name, created, items in gangs:
        metadata = {"namespace": "physics", "name": name, "uid": f"uid-{name}", "resourceVersion": "1"}
        jobs.seen({"metadata": {**metadata, "creationTimestamp": created}})
        for item in items:
            pods.put(item)
    return jobs, pods


def gives_way(name: str, jobs: Jobs, pods: Reflector) -> str | None:
    job = scripted()
    named = job.model_copy(update={"metadata": job.metadata.model_copy(update={"name": name})})
    key: JobKey = ("physics", name)
    return elder(named, [observe(item, None, 0) for item in pods.of(key)], jobs, pods, 0)


def test_of_gangs_that_keep_each_other_waiting_the_oldest_keeps_its_places() -> None:
    jobs, pods = cluster(
        ("late", "2026-11-23T08:00:02Z", torn("late")),
        ("early", "2026-11-23T08:00:01Z", torn("early")),
        ("runs", "2026-11-23T08:00:00Z", torn("runs", whole=True)),
    )
    assert [gives_way(name, jobs, pods) for name in ("early", "late", "runs")] == [None, "physics/early", None]


def test_a_gang_that_waits_for_one_that_runs_keeps_its_places() -> None:
    jobs, pods = cluster(
        ("late", "2026-11-23T08:00:02Z", torn("late")), ("runs", "2026-11-23T08:00:00Z", torn("runs", whole=True))
    )
    assert gives_way("late", jobs, pods) is None
