"""Jobs on a real cluster: how they run, wait, stop, fail, start again, and go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from kubernetes import client

from cluster import images
from cluster.components import PAUSE
from local.runs.harness import wait_until
from operator_tests.install import Operator, ready
from operator_tests.tenant import CLAIM, Tenant, job, stage_of
from ullage_operator.cluster.names import GROUP, PLURAL, VERSION
from ullage_operator.ledger import HoldOpened

GONE = client.ApiException


def test_a_job_runs_on_two_pods_and_ends(tenant: Tenant, operator: Operator) -> None:
    tenant.apply(tenant.waiting("two", replicas=2))
    wait_until(lambda: tenant.started("two") == ["started-0", "started-1"], "both ranks to start")
    tenant.wait("two", lambda status: stage_of(status)["workersReady"] == 2, "two workers that are ready")
    assert operator.books.holds("two") == {"train Open": 2}
    tenant.go("two")
    tenant.wait_for_phase("two", "Succeeded")
    status = tenant.status("two")
    assert (status["message"], status["progressText"], status["image"]) == (
        "all stages are done",
        "100%",
        images.reference("trainer"),
    )
    stage = stage_of(status)
    assert (stage["state"], stage["attempt"], stage["restarts"], stage["created"]) == ("Succeeded", 1, 0, True)
    assert (tenant.storage / status["artifacts"] / "manifest.json").is_file()
    assert tenant.condition("two", "Succeeded") == ("True", "Completed", "all stages are done")
    assert tenant.condition("two", "Accepted") == ("True", "SpecValid", "")
    wait_until(lambda: operator.books.holds("two") == {"train Succeeded": 2}, "both holds released")
    wait_until(lambda: all(not pod.metadata.finalizers for pod in tenant.pods().values()), "pods without finalizers")
    ended = {"two-train-1-0": "Succeeded", "two-train-1-1": "Succeeded"}
    wait_until(lambda: tenant.phases() == ended, "both pods to stay, ended")
    assert tenant.events("two") == ["Starting", "Completed"]
    assert operator.books.verified() == []


def test_every_slot_of_every_worker_is_a_rank(tenant: Tenant) -> None:
    tenant.apply(tenant.waiting("slots", replicas=2, workers={"slotsPerWorker": 2}))
    ranks = ["started-0", "started-1", "started-2", "started-3"]
    wait_until(lambda: tenant.started("slots") == ranks, "four ranks to start")
    tenant.go("slots")
    tenant.wait_for_phase("slots", "Succeeded")


def test_a_worker_holds_no_credentials_and_no_privileges(tenant: Tenant) -> None:
    tenant.apply(tenant.waiting("poor"))
    wait_until(lambda: tenant.started("poor") == ["started-0"], "the rank to start")
    pod = tenant.pods()["poor-train-1-0"]
    container = pod.spec.containers[0]
    assert (pod.spec.automount_service_account_token, pod.spec.restart_policy) == (False, "Never")
    assert [mount.mount_path for mount in container.volume_mounts] == ["/etc/ullage", "/tmp", "/storage"]  # noqa: S108
    assert [entry.name for entry in container.env] == ["ULLAGE_GANG_KEY"]
    security = container.security_context
    assert (security.read_only_root_filesystem, security.run_as_non_root, security.capabilities.drop) == (
        True,
        True,
        ["ALL"],
    )
    tenant.go("poor")
    tenant.wait_for_phase("poor", "Succeeded")


def test_a_job_that_is_suspended_from_the_start_has_no_pods_until_it_is_resumed(tenant: Tenant) -> None:
    tenant.apply(tenant.waiting("later", runPolicy={"suspend": True}))
    tenant.wait_for_phase("later", "Suspended")
    assert tenant.pods() == {}
    tenant.go("later")
    tenant.patch("later", {"runPolicy": {"suspend": False}})
    tenant.wait_for_phase("later", "Succeeded")


def test_a_job_that_is_suspended_while_it_runs_goes_on_as_another_attempt(tenant: Tenant, operator: Operator) -> None:
    tenant.apply(tenant.waiting("paused", replicas=2))
    wait_until(lambda: tenant.started("paused") == ["started-0", "started-1"], "both ranks to start")
    tenant.patch("paused", {"runPolicy": {"suspend": True}})
    tenant.wait_for_phase("paused", "Suspended")
    used = tenant.status("paused")["usage"]["cpuMs"]
    assert used > 0
    tenant.go("paused")
    tenant.patch("paused", {"runPolicy": {"suspend": False}})
    tenant.wait_for_phase("paused", "Succeeded")
    status = tenant.status("paused")
    assert (stage_of(status)["attempt"], stage_of(status)["restarts"]) == (2, 0)
    assert status["usage"]["cpuMs"] > used
    wait_until(
        lambda: operator.books.holds("paused") == {"train Stopped": 2, "train Succeeded": 2}, "four holds released"
    )


def test_a_job_that_is_deleted_takes_its_pods_along_once_they_are_in_the_books(
    tenant: Tenant, operator: Operator
) -> None:
    tenant.apply(tenant.waiting("brief", replicas=2))
    wait_until(lambda: tenant.started("brief") == ["started-0", "started-1"], "both ranks to start")
    tenant.delete("brief")
    wait_until(lambda: tenant.pods() == {}, "no pods")
    assert operator.books.holds("brief") == {"train Stopped": 2}
    assert operator.books.verified() == []


def test_a_job_made_again_under_its_name_waits_for_the_pods_of_the_first(tenant: Tenant, operator: Operator) -> None:
    manifest = tenant.waiting("again")
    first = tenant.apply(manifest)
    wait_until(lambda: tenant.started("again") == ["started-0"], "the rank to start")
    tenant.delete("again")
    second = tenant.apply(manifest)
    assert first != second
    wait_until(lambda: second in owners(tenant), "a pod of the second job")
    tenant.go("again")
    tenant.wait_for_phase("again", "Succeeded")
    wait_until(
        lambda: operator.books.holds("again") == {"train Stopped": 1, "train Succeeded": 1}, "both holds released"
    )


def owners(tenant: Tenant) -> list[str]:
    return [owner.uid for pod in tenant.pods().values() for owner in pod.metadata.owner_references]


def test_an_image_that_does_not_exist_is_named_and_ends_the_job_at_its_deadline(tenant: Tenant) -> None:
    policy = {"startupDeadlineSeconds": 5, "maxRestarts": 1}
    tenant.apply(tenant.waiting("lost", image="localhost/none:1", runPolicy=policy))
    reasons = ("ErrImageNeverPull", "ImagePullBackOff", "ErrImagePull")
    tenant.wait("lost", lambda status: any(reason in status.get("message", "") for reason in reasons), "why it waits")
    tenant.wait_for_phase("lost", "Failed")
    status = tenant.status("lost")
    assert status["failure"]["reason"] == "ImageUnavailable"
    assert "image localhost/none:1 can't be pulled" in status["failure"]["message"]
    assert (stage_of(status)["attempt"], stage_of(status)["restarts"]) == (2, 1)
    assert tenant.condition("lost", "Failed")[:2] == ("True", "ImageUnavailable")  # type: ignore[index]


def test_of_two_jobs_that_do_not_fit_one_waits_and_says_why(tenant: Tenant) -> None:
    cores = sum(int(node.status.allocatable["cpu"]) for node in tenant.core.list_node().items)
    most = {"resources": {"train": {"requests": {"cpu": f"{cores * 600}m"}}}}
    for name in ("former", "latter"):
        tenant.apply(tenant.waiting(name, workers=most))
        if name == "former":
            wait_until(lambda: tenant.started("former") == ["started-0"], "the first to start")
    tenant.wait("latter", lambda status: "Insufficient cpu" in status.get("message", ""), "why the second waits")
    tenant.go("former")
    tenant.go("latter")
    tenant.wait_for_phase("former", "Succeeded")
    tenant.wait_for_phase("latter", "Succeeded")


def test_of_two_gangs_that_each_fit_alone_the_older_runs_first_and_neither_waits_forever(
    tenant: Tenant, operator: Operator
) -> None:
    places = {"ullage.test/place": "1"}
    give_places(tenant, 2)
    needs = {"resources": {"train": {"requests": {"cpu": "50m", **places}, "limits": places}}}
    tenant.core.create_namespaced_pod(tenant.namespace, placeholder(places))
    wait_until(lambda: tenant.phases().get("placeholder") == "Running", "one place that is taken")
    tenant.apply(tenant.waiting("elder", replicas=2, workers=needs))
    tenant.wait("elder", lambda status: "Insufficient ullage.test/place" in status.get("message", ""), "a torn gang")
    wait_until(lambda: datetime.now().astimezone() > created(tenant, "elder") + timedelta(seconds=1), "a second")
    # Urgent, and it takes nothing from anybody: of the place that becomes free it is first to be told.
    with urgent(tenant) as priority:
        needs["template"] = {"priorityClassName": priority}
        tenant.apply(tenant.waiting("younger", replicas=2, workers=needs))
        tenant.wait("younger", lambda status: "Insufficient" in status.get("message", ""), "another gang")
        # The scheduler does not look again at once at a pod that it found no place for: by then it may.
        past = created(tenant, "younger") + timedelta(seconds=5)
        wait_until(lambda: datetime.now().astimezone() > past, "the end of the scheduler's pause")
        tenant.core.delete_namespaced_pod("placeholder", tenant.namespace, grace_period_seconds=0)
        wait_until(lambda: tenant.started("elder") == ["started-0", "started-1"], "the older gang to run")
        tenant.go("elder")
        tenant.go("younger")
        tenant.wait_for_phase("elder", "Succeeded")
        tenant.wait_for_phase("younger", "Succeeded")
    assert stage_of(tenant.status("elder"))["attempt"] == 1
    younger = stage_of(tenant.status("younger"))
    assert (younger["yields"] >= 1, younger["restarts"]) == (True, 0)
    assert "GivesWay" in tenant.events("younger")
    wait_until(lambda: operator.books.holds("elder") == {"train Succeeded": 2}, "both holds released")


def created(tenant: Tenant, name: str) -> datetime:
    """Return when a job was created, to the second as the API server has it."""
    found = tenant.custom.get_namespaced_custom_object(GROUP, VERSION, tenant.namespace, PLURAL, name)
    return datetime.fromisoformat(found["metadata"]["creationTimestamp"])


def give_places(tenant: Tenant, count: int) -> None:
    """Have the node offer so many of something that only this test asks for."""
    (node,) = tenant.core.list_node().items
    tenant.core.patch_node_status(node.metadata.name, {"status": {"capacity": {"ullage.test/place": str(count)}}})


def placeholder(places: dict[str, str]) -> dict[str, Any]:
    container = {
        "name": "pause",
        "image": PAUSE,
        "imagePullPolicy": "Never",
        "resources": {"limits": places},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    security = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
    return {"metadata": {"name": "placeholder"}, "spec": {"securityContext": security, "containers": [container]}}


@contextmanager
def urgent(tenant: Tenant) -> Iterator[str]:
    scheduling = client.SchedulingV1Api(tenant.core.api_client)
    body = {"metadata": {"name": tenant.namespace}, "value": 1000, "preemptionPolicy": "Never"}
    scheduling.create_priority_class(body)
    try:
        yield tenant.namespace
    finally:
        scheduling.delete_priority_class(tenant.namespace)


def test_accelerators_are_held_from_when_a_pod_is_bound(tenant: Tenant, operator: Operator) -> None:
    (node,) = tenant.core.list_node().items
    tenant.core.patch_node_status(node.metadata.name, {"status": {"capacity": {"nvidia.com/gpu": "8"}}})
    two = {"resources": {"train": {"requests": {"cpu": "50m"}, "limits": {"nvidia.com/gpu": "2"}}}}
    tenant.apply(tenant.waiting("quick", replicas=2, workers=two))
    tenant.go("quick")
    tenant.wait_for_phase("quick", "Succeeded")
    wait_until(lambda: operator.books.holds("quick") == {"train Succeeded": 2}, "both holds released")
    holds = [operator.books.entry(f"hold/{pod.metadata.uid}") for pod in tenant.pods().values()]
    assert [(hold.accelerators, hold.accelerator_type) for hold in holds if isinstance(hold, HoldOpened)] == [
        (2, "nvidia.com/gpu"),
        (2, "nvidia.com/gpu"),
    ]


def test_a_quota_keeps_a_job_waiting_and_is_named(tenant: Tenant) -> None:
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    tenant.core.create_namespaced_resource_quota(tenant.namespace, quota)
    tenant.apply(tenant.waiting("kept-out"))
    tenant.wait("kept-out", lambda status: "exceeded quota: none" in status.get("message", ""), "the quota's name")
    tenant.core.delete_namespaced_resource_quota("none", tenant.namespace)
    tenant.go("kept-out")
    tenant.wait_for_phase("kept-out", "Succeeded")


def test_a_spec_that_the_schema_refuses_is_told_at_apply(tenant: Tenant) -> None:
    manifest = tenant.waiting("wrong", replicas=0, runPolicy={"maxRestarts": -1})
    said = tenant.kubectl("apply", "--filename", "-", text=json.dumps(manifest))
    assert said.returncode == 1
    assert "spec.workers.replicas: Invalid value: 0" in said.stderr
    assert "spec.runPolicy.maxRestarts: Invalid value: -1" in said.stderr
    assert tenant.jobs() == []


def test_a_spec_that_only_the_operator_can_judge_is_told_in_one_condition_and_starts_once_corrected(
    tenant: Tenant,
) -> None:
    manifest = tenant.waiting("homeless")
    del manifest["spec"]["storage"]
    tenant.apply(manifest)
    tenant.wait("homeless", lambda status: bool(status.get("conditions")), "a condition")
    assert tenant.condition("homeless", "Accepted") == (
        "False",
        "SpecInvalid",
        (
            f"{tenant.namespace}/homeless: 1 problem\n"
            "  spec.storage.persistentVolumeClaim: expected a claim for data and artifacts, found none; name a "
            "PersistentVolumeClaim of this namespace in spec.storage.persistentVolumeClaim.claimName"
        ),
    )
    assert (tenant.phase("homeless"), tenant.pods()) == ("Pending", {})
    assert tenant.events("homeless") == ["SpecInvalid"]
    tenant.go("homeless")
    tenant.patch("homeless", {"storage": {"persistentVolumeClaim": {"claimName": CLAIM}}})
    tenant.wait_for_phase("homeless", "Succeeded")
    assert tenant.condition("homeless", "Accepted") == ("True", "SpecValid", "")


def test_a_job_ends_at_its_deadline(tenant: Tenant, operator: Operator) -> None:
    tenant.apply(tenant.waiting("long", runPolicy={"activeDeadlineSeconds": 10}))
    wait_until(lambda: tenant.started("long") == ["started-0"], "the rank to start")
    tenant.wait_for_phase("long", "Failed")
    assert tenant.condition("long", "Failed") == (
        "True",
        "DeadlineExceeded",
        "expected the job to end within runPolicy.activeDeadlineSeconds (10), and it did not",
    )
    wait_until(lambda: operator.books.holds("long") == {"train Stopped": 1}, "the hold released")


def test_a_job_goes_when_its_time_to_live_is_over(tenant: Tenant, operator: Operator) -> None:
    tenant.apply(tenant.waiting("mayfly", runPolicy={"ttlSecondsAfterFinished": 2}))
    tenant.go("mayfly")
    wait_until(lambda: tenant.jobs() == [] and tenant.pods() == {}, "neither job nor pods")
    assert operator.books.holds("mayfly") == {"train Succeeded": 1}


def test_all_pods_go_with_the_end_of_the_job_where_that_is_asked_for(tenant: Tenant) -> None:
    tenant.apply(tenant.waiting("tidy", runPolicy={"cleanPodPolicy": "All"}))
    tenant.go("tidy")
    tenant.wait_for_phase("tidy", "Succeeded")
    wait_until(lambda: tenant.pods() == {}, "no pods")


def test_a_pod_that_somebody_deletes_is_a_disruption_and_no_restart(tenant: Tenant, operator: Operator) -> None:
    tenant.apply(tenant.waiting("disturbed", replicas=2, runPolicy={"maxRestarts": 0}))
    wait_until(lambda: tenant.started("disturbed") == ["started-0", "started-1"], "both ranks to start")
    tenant.core.delete_namespaced_pod("disturbed-train-1-1", tenant.namespace)
    # Not before: a rank that ended well before its pod was told to end has lost nothing.
    tenant.wait("disturbed", lambda status: stage_of(status)["attempt"] == 2, "a second attempt")
    tenant.go("disturbed")
    tenant.wait_for_phase("disturbed", "Succeeded")
    assert stage_of(tenant.status("disturbed"))["restarts"] == 0
    wait_until(lambda: sum(operator.books.holds("disturbed").values()) == 4, "four holds")


def test_a_worker_that_takes_too_much_memory_is_named(tenant: Tenant, operator: Operator) -> None:
    manifest = tenant.waiting("greedy", runPolicy={"maxRestarts": 0})
    tenant.store("greedy.py", "held = bytearray(1 << 30)\nprint(len(held))\n")
    manifest["spec"]["script"] = {"path": "greedy.py"}
    manifest["spec"]["workers"]["resources"]["train"] = {"requests": {"cpu": "50m"}, "limits": {"memory": "256Mi"}}
    tenant.apply(manifest)
    tenant.wait_for_phase("greedy", "Failed")
    assert tenant.status("greedy")["failure"]["reason"] == "OutOfMemory"
    wait_until(lambda: operator.books.holds("greedy") == {"train Failed": 1}, "the hold released")


def test_the_rank_that_fails_first_is_in_the_status_with_its_last_lines(tenant: Tenant) -> None:
    manifest = tenant.waiting("broken", replicas=2, runPolicy={"maxRestarts": 0})
    lines = ["import os, time", "if os.environ['HOROVOD_RANK'] == '1':", "    raise SystemExit('no such thing')"]
    tenant.store("broken.py", "\n".join([*lines, "time.sleep(60)", ""]))
    manifest["spec"]["script"] = {"path": "broken.py"}
    tenant.apply(manifest)
    tenant.wait_for_phase("broken", "Failed")
    failure = tenant.status("broken")["failure"]
    assert (failure["reason"], failure["rank"], failure["worker"]) == ("Exception", 1, 1)
    assert failure["lastLines"] == ["no such thing"]
    assert tenant.condition("broken", "Failed")[1] == "Exception"  # type: ignore[index]


def test_another_operator_takes_over_what_the_last_one_left(tenant: Tenant, operator: Operator) -> None:
    tenant.apply(tenant.waiting("outlives", replicas=2))
    wait_until(lambda: tenant.started("outlives") == ["started-0", "started-1"], "both ranks to start")
    (first,) = operator.pods()
    tenant.core.delete_namespaced_pod(first.metadata.name, first.metadata.namespace)
    wait_until(
        lambda: [pod.metadata.uid for pod in operator.pods() if ready(pod)] not in ([], [first.metadata.uid]),
        "another operator",
    )
    tenant.go("outlives")
    tenant.wait_for_phase("outlives", "Succeeded")
    assert stage_of(tenant.status("outlives"))["attempt"] == 1
    wait_until(lambda: operator.books.holds("outlives") == {"train Succeeded": 2}, "both holds released")
    assert operator.books.verified() == []


@pytest.mark.parametrize("name", ["x" * 41, "Two"])
def test_a_name_that_pods_can_not_be_built_on_is_refused(tenant: Tenant, name: str) -> None:
    with pytest.raises(GONE, match="metadata.name|Invalid value"):
        tenant.apply(job(name, {"script": {"path": "work.py"}}))
