"""Nothing moves any more: a rank, an agent, or all of it."""

from __future__ import annotations

import pytest

from failures.scene import Scene, processes
from operator_tests.tenant import stage_of

STALLS = """\
import os, pathlib, sys, time
from ullage_trainer.reporting import report
here, rank = pathlib.Path(sys.argv[1]), os.environ["HOROVOD_RANK"]
report(step=1, total=2)
(here / f"started-{rank}").touch()
while not (here / "go").exists():
    time.sleep(0.05)
    if not (here / "stall").exists():
        report(step=1, total=2)
"""
LEAST_GRACE = {"template": {"terminationGracePeriodSeconds": 3}}


def begin(scene: Scene, name: str) -> None:
    scene.tenant.store("stalls.py", STALLS)
    script = {"path": "stalls.py", "args": [f"/storage/{name}"]}
    scene.begin(name, script=script, runPolicy={"stallTimeoutSeconds": 10}, workers=LEAST_GRACE)


def test_ranks_that_say_nothing_for_too_long_start_again(scene: Scene) -> None:
    begin(scene, "silent")
    scene.tenant.store("silent/stall", "")
    scene.tenant.wait("silent", lambda status: stage_of(status)["attempt"] == 2, "a second attempt")
    failure = scene.tenant.status("silent")["failure"]
    assert (failure["reason"], "expected progress within" in failure["message"]) == ("Stalled", True)
    scene.finish("silent", attempt=2, restarts=1)


def test_a_rank_that_somebody_stopped_is_named(scene: Scene) -> None:
    begin(scene, "halted")
    (rank,) = processes("halted-train-1-1", "ullage_trainer.task")
    rank.suspend()
    scene.tenant.wait("halted", lambda status: stage_of(status)["attempt"] == 2, "a second attempt")
    failure = scene.tenant.status("halted")["failure"]
    assert (failure["reason"], failure["rank"], failure["worker"]) == ("Stalled", 1, 1)
    assert "is stopped (by SIGSTOP or a debugger)" in failure["message"]
    scene.finish("halted", attempt=2, restarts=1)


@pytest.mark.parametrize("index", [0, 1])
def test_an_agent_that_answers_no_more_is_given_up_by_the_others(scene: Scene, index: int) -> None:
    scene.begin("wedged", workers=LEAST_GRACE)
    (agent,) = processes(f"wedged-train-1-{index}", "ullage_trainer")
    agent.suspend()
    scene.tenant.wait("wedged", lambda status: stage_of(status)["attempt"] == 2, "a second attempt")
    message = scene.tenant.status("wedged")["failure"]["message"]
    assert f"worker {index}" in message
    scene.finish("wedged", attempt=2, restarts=1)


def test_an_agent_alone_that_answers_no_more_is_ended_by_the_kubelet(scene: Scene) -> None:
    scene.operator.options = ("--silence-seconds", "24")
    scene.begin("mute", replicas=1, workers=LEAST_GRACE)
    (agent,) = processes("mute-train-1-0", "ullage_trainer")
    agent.suspend()
    scene.tenant.wait("mute", lambda status: stage_of(status)["attempt"] == 2, "a second attempt")
    assert scene.tenant.status("mute")["failure"]["reason"] == "Lost"
    scene.finish("mute", attempt=2, restarts=1)
