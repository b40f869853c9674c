"""One worker is lost, whatever the way: the gang starts again as a new attempt, and every second is in the books."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from kubernetes import client

from failures.scene import Scene, component, processes
from local.runs.harness import wait_until
from operator_tests.tenant import stage_of

LEAST_GRACE = {"template": {"terminationGracePeriodSeconds": 3}}
RESUMES = """\
import os, pathlib, sys, time
here, rank = pathlib.Path(sys.argv[1]), os.environ["HOROVOD_RANK"]
kept = pathlib.Path(os.environ["ULLAGE_CHECKPOINT_DIR"]) / "step"
first = int(kept.read_text()) if kept.exists() else 0
(here / f"began-{rank}-at-{first}").touch()
if rank == "0":
    while not (here / f"began-1-at-{first}").exists():
        time.sleep(0.05)
    kept.write_text(str(first + 7))
(here / f"started-{rank}").touch()
while not (here / "go").exists():
    time.sleep(0.05)
"""
HUNGRY = """\
import os, pathlib, sys, time
here, rank = pathlib.Path(sys.argv[1]), os.environ["HOROVOD_RANK"]
(here / f"started-{rank}").touch()
while not (here / "go").exists():
    if rank == "1" and (here / "eat").exists():
        (here / "eat").unlink()
        held = bytearray(1 << 30)
    time.sleep(0.05)
"""


def kill_rank(_scene: Scene, pod: str) -> None:
    (rank,) = processes(pod, "ullage_trainer.task")
    rank.kill()


def kill_agent(_scene: Scene, pod: str) -> None:
    (agent,) = processes(pod, "ullage_trainer")
    agent.kill()


def evict(scene: Scene, pod: str) -> None:
    body = {"metadata": {"name": pod, "namespace": scene.tenant.namespace}}
    scene.tenant.core.create_namespaced_pod_eviction(pod, scene.tenant.namespace, body)


def delete(scene: Scene, pod: str) -> None:
    scene.tenant.core.delete_namespaced_pod(pod, scene.tenant.namespace)


def delete_at_once(scene: Scene, pod: str) -> None:
    scene.tenant.core.delete_namespaced_pod(pod, scene.tenant.namespace, grace_period_seconds=0)


@pytest.mark.parametrize(
    ("lose", "index", "restarts"),
    [
        (kill_rank, 1, 1),
        (kill_agent, 0, 1),
        (kill_agent, 1, 1),
        (evict, 1, 0),
        (delete, 0, 0),
        (delete_at_once, 1, 0),
    ],
)
def test_a_gang_that_loses_a_worker_starts_again_and_only_failures_are_counted(
    scene: Scene, lose: Callable[[Scene, str], None], index: int, restarts: int
) -> None:
    policy = {"maxRestarts": restarts}
    scene.begin("loses", runPolicy=policy, workers=LEAST_GRACE)
    lose(scene, f"loses-train-1-{index}")
    scene.tenant.wait("loses", lambda status: stage_of(status)["attempt"] == 2, "a second attempt")
    scene.finish("loses", attempt=2, restarts=restarts)


def test_a_worker_that_takes_too_much_memory_costs_a_restart_and_not_the_job(scene: Scene) -> None:
    resources = {"train": {"requests": {"cpu": "50m"}, "limits": {"memory": "256Mi"}}}
    scene.tenant.store("hungry.py", HUNGRY)
    script = {"path": "hungry.py", "args": ["/storage/hungry"]}
    scene.begin("hungry", script=script, workers=LEAST_GRACE | {"resources": resources})
    scene.tenant.store("hungry/eat", "")
    scene.tenant.wait("hungry", lambda status: stage_of(status)["attempt"] == 2, "a second attempt")
    assert scene.tenant.status("hungry")["failure"]["reason"] == "OutOfMemory"
    scene.finish("hungry", attempt=2, restarts=1)


def test_a_node_that_may_keep_no_pod_disrupts_a_job_and_fails_it_not(scene: Scene) -> None:
    scene.begin("evicted", runPolicy={"maxRestarts": 0}, workers=LEAST_GRACE)
    with nothing_may_run(scene.tenant.core):
        scene.tenant.wait("evicted", lambda status: stage_of(status)["attempt"] == 2, "a second attempt")
    scene.finish("evicted", attempt=2)


def test_a_node_that_says_nothing_any_more_loses_a_job_s_worker_and_not_the_job(scene: Scene) -> None:
    scene.begin("unknown", replicas=1, runPolicy={"maxRestarts": 0}, workers=LEAST_GRACE)
    kubelet = component("kubelet")
    kubelet.suspend()
    try:
        with nothing_may_run(scene.tenant.core):
            scene.tenant.wait("unknown", lambda status: stage_of(status)["attempt"] == 2, "a second attempt")
    finally:
        kubelet.resume()
    scene.finish("unknown", attempt=2)


@contextmanager
def nothing_may_run(core: client.CoreV1Api) -> Iterator[None]:
    """Have the node keep no pod, as one that is to be taken away."""
    (machine,) = core.list_node().items
    taint = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}
    core.patch_node(machine.metadata.name, {"spec": {"taints": [taint]}})
    try:
        yield
    finally:
        core.patch_node(machine.metadata.name, {"spec": {"taints": None}})


def test_a_script_goes_on_from_its_checkpoint_when_a_worker_was_lost(scene: Scene) -> None:
    scene.tenant.store("resumes.py", RESUMES)
    script = {"path": "resumes.py", "args": ["/storage/resumes"]}
    scene.begin("resumes", script=script, runPolicy={"maxRestarts": 0}, workers=LEAST_GRACE)
    began = scene.tenant.storage / "resumes"
    wait_until(lambda: len(list(began.glob("began-*-at-0"))) == 2, "both ranks to begin at step 0", 60)
    delete(scene, "resumes-train-1-1")
    wait_until(lambda: len(list(began.glob("began-*-at-7"))) == 2, "both ranks to go on at step 7", 90)
    scene.finish("resumes", attempt=2)
    assert sorted(path.name for path in began.glob("began-*")) == [
        "began-0-at-0",
        "began-0-at-7",
        "began-1-at-0",
        "began-1-at-7",
    ]


def test_a_job_that_may_not_restart_fails_for_good(scene: Scene) -> None:
    scene.begin("fails", runPolicy={"maxRestarts": 0}, workers=LEAST_GRACE)
    kill_rank(scene, "fails-train-1-0")
    scene.tenant.wait_for_phase("fails", "Failed", 60)
    failure = scene.tenant.status("fails")["failure"]
    assert (failure["reason"], failure["rank"], failure["signal"]) == ("Signal", 0, "SIGKILL")
    scene.settle()
    assert scene.witness.attempts() == ["fails-train-1-0", "fails-train-1-1"]


def test_pods_of_a_job_are_not_made_for_a_quota_s_sake_and_nothing_is_held(scene: Scene) -> None:
    quota = {"metadata": {"name": "one"}, "spec": {"hard": {"pods": "1"}}}
    scene.tenant.core.create_namespaced_resource_quota(scene.tenant.namespace, quota)
    limits = {"type": "Container", "default": {"memory": "256Mi"}, "max": {"cpu": "4"}}
    ranges = {"metadata": {"name": "most"}, "spec": {"limits": [limits]}}
    scene.tenant.core.create_namespaced_limit_range(scene.tenant.namespace, ranges)
    scene.operator.start()
    scene.tenant.apply(scene.tenant.waiting("bounded", replicas=2))
    scene.tenant.wait("bounded", lambda status: "exceeded quota: one" in status.get("message", ""), "the quota's name")
    scene.tenant.core.delete_namespaced_resource_quota("one", scene.tenant.namespace)
    scene.finish("bounded")
