"""A gang fails as one; what may end differently is tried again, and what may not is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plan.builders import (
    ONLY_PREPARE,
    PREPARE,
    START_MS,
    TRAIN,
    World,
    failed,
    killed,
    make_job,
    make_worker,
    stage_status,
    succeeded,
)
from ullage_operator.api.types import Phase, StageState
from ullage_operator.plan import Decision, StopWorkers, WorkerPhase
from ullage_operator.plan.instants import rfc3339
from ullage_trainer.config import Failure, Reason, Usage

GANG = {"model": {"mlp": {}}, "inputs": {"dataset": "flights"}}
FIRST, SECOND = "points-train-1-0", "points-train-1-1"
BROKE = Failure(reason=Reason.EXCEPTION, message="it broke", worker=1)
USAGE_OF_TWO = Usage(wall_ms=2000, cpu_ms=2000, peak_memory_bytes=1 << 20, samples=20)


def running_gang(**policy: object) -> World:
    world = World(make_job(GANG, runPolicy=policy))
    world.rest()
    world.all_run()
    return world


def failing(world: World, reason: Reason) -> Decision:
    """The second worker fails, and the first ends once it is asked to."""
    name = next(name for name in world.live if name.endswith("-1"))
    world.change(name, failed(world.workers[name], reason))
    world.rest()
    return world.stopping_end()


def test_when_one_worker_of_a_gang_fails_the_others_are_stopped() -> None:
    world = running_gang()
    world.change(SECOND, failed(make_worker(index=1), Reason.EXCEPTION))
    decision = world.look()
    assert decision.actions == (StopWorkers((f"uid-of-{FIRST}",), "a worker of the gang failed"),)
    assert (stage_status(world.job, TRAIN).workers_ready, stage_status(world.job, TRAIN).workers_failed) == (1, 1)


def test_workers_are_asked_to_stop_once() -> None:
    world = running_gang()
    world.change(SECOND, failed(make_worker(index=1), Reason.EXCEPTION))
    world.rest()
    assert world.look().actions == ()
    assert world.stopped == [FIRST]


def test_a_failed_attempt_is_followed_by_another_after_a_pause() -> None:
    world = running_gang()
    pause = failing(world, Reason.EXCEPTION)
    assert (pause.actions, pause.wake_at_ms, pause.ended) == ((), START_MS + 10_000, False)
    assert world.job.status.message == f"train starts again at {rfc3339(START_MS + 10_000)}"
    assert world.job.status.failure == BROKE
    assert world.job.status.phase is Phase.RUNNING
    world.now_ms = START_MS + 9_999
    assert world.rest() == pause
    world.now_ms += 1
    world.rest()
    assert world.created == [FIRST, SECOND, "points-train-2-0", "points-train-2-1"]
    stage = stage_status(world.job, TRAIN)
    assert (stage.state, stage.attempt, stage.restarts) == (StageState.RUNNING, 2, 1)


def test_the_failure_of_an_attempt_is_told_before_its_successor_waits() -> None:
    world = World(make_job(ONLY_PREPARE))
    world.rest()
    world.change("points-prepare-1-0", failed(make_worker(PREPARE), Reason.STORAGE_FAILURE, "the disk is full"))
    decision = world.look()
    assert (decision.reason, decision.status.message) == (
        "StorageFailure",
        "prepare: attempt 1 failed (StorageFailure): the disk is full",
    )


def test_pauses_double_until_they_are_32_times_as_long() -> None:
    world = running_gang(maxRestarts=8)
    pauses = []
    for _ in range(8):
        decision = failing(world, Reason.EXCEPTION)
        assert decision.wake_at_ms is not None
        pauses.append((decision.wake_at_ms - world.now_ms) // 1000)
        world.now_ms = decision.wake_at_ms
        world.rest()
        world.all_run()
    assert pauses == [10, 20, 40, 80, 160, 320, 320, 320]


def test_a_job_fails_once_its_restarts_are_used_up() -> None:
    world = running_gang(maxRestarts=1)
    world.now_ms = failing(world, Reason.EXCEPTION).wake_at_ms or 0
    world.rest()
    world.all_run()
    last = failing(world, Reason.EXCEPTION)
    status = world.job.status
    assert (last.ended, status.phase, status.failure) == (True, Phase.FAILED, BROKE)
    assert status.message == "train failed after 1 restart(s): it broke"
    assert status.finish_time == rfc3339(world.now_ms)
    stage = stage_status(world.job, TRAIN)
    assert (stage.state, stage.attempt, stage.restarts) == (StageState.FAILED, 2, 1)
    assert [(c.type, c.status.value, c.reason) for c in status.conditions] == [
        ("Running", "False", "Exception"),
        ("Failed", "True", "Exception"),
    ]


def test_without_restarts_the_first_failure_is_the_last() -> None:
    world = running_gang(maxRestarts=0)
    assert failing(world, Reason.SIGNAL).ended
    assert world.job.status.message == "train failed: it broke"


@pytest.mark.parametrize(
    "reason",
    [
        Reason.CONFIG_INVALID,
        Reason.INPUT_MISSING,
        Reason.DATA_INVALID,
        Reason.MODEL_INVALID,
        Reason.NUMERIC_FAILURE,
    ],
)
def test_bad_input_is_never_tried_again(reason: Reason) -> None:
    world = running_gang(maxRestarts=1000)
    assert failing(world, reason).ended
    assert world.job.status.failure == BROKE.model_copy(update={"reason": reason})
    assert world.created == [FIRST, SECOND]


def test_what_all_attempts_took_is_summed() -> None:
    world = running_gang()
    world.now_ms = failing(world, Reason.EXCEPTION).wake_at_ms or 0
    world.rest()
    world.all_succeed()
    total = USAGE_OF_TWO + USAGE_OF_TWO
    assert (stage_status(world.job, TRAIN).usage, world.job.status.usage) == (total, total)


def test_after_a_success_the_failure_of_an_earlier_attempt_is_forgotten() -> None:
    world = running_gang()
    world.now_ms = failing(world, Reason.EXCEPTION).wake_at_ms or 0
    world.rest()
    world.all_succeed()
    assert (world.job.status.phase, world.job.status.failure) == (Phase.SUCCEEDED, None)


def test_a_worker_that_is_gone_after_all_were_created_is_lost() -> None:
    world = running_gang()
    del world.workers[SECOND]
    assert world.look().actions == (StopWorkers((f"uid-of-{FIRST}",), "a worker of the gang failed"),)
    world.stopping_end()
    assert world.job.status.failure == Failure(reason=Reason.LOST, message="gone without a trace: worker 1", worker=1)
    assert stage_status(world.job, TRAIN).restarts == 1


def test_a_gang_that_is_gone_altogether_is_tried_again() -> None:
    world = running_gang()
    world.workers.clear()
    decision = world.rest()
    assert decision.wake_at_ms == START_MS + 10_000
    assert stage_status(world.job, TRAIN).restarts == 1


def test_a_worker_that_was_killed_fails_its_gang() -> None:
    world = running_gang()
    world.change(SECOND, killed(make_worker(index=1)))
    world.rest()
    world.change(FIRST, failed(replace(world.workers[FIRST]), Reason.PEER_FAILED, "because of worker 1", cause=1))
    world.rest()
    assert world.job.status.failure == Failure(
        reason=Reason.LOST, message="worker 1 ended without saying why", worker=1
    )


def test_a_gang_of_which_one_has_succeeded_and_one_has_failed_has_failed() -> None:
    world = running_gang()
    world.change(FIRST, succeeded(make_worker()))
    world.change(SECOND, failed(make_worker(index=1), Reason.EXCEPTION))
    world.rest()
    assert (stage_status(world.job, TRAIN).output, stage_status(world.job, TRAIN).restarts) == (None, 1)


def test_a_gang_of_which_one_has_succeeded_is_waited_for() -> None:
    world = running_gang()
    world.change(FIRST, succeeded(make_worker()))
    decision = world.look()
    assert (decision.actions, decision.wake_at_ms) == ((), None)
    assert stage_status(world.job, TRAIN).state is StageState.RUNNING


def test_a_worker_of_an_attempt_that_is_over_is_stopped_whenever_it_turns_up() -> None:
    world = running_gang()
    stray = make_worker(PREPARE, attempt=4, phase=WorkerPhase.RUNNING)
    world.change(stray.name, stray)
    assert world.look().actions == (StopWorkers((stray.uid,), "its attempt is over"),)
    world.stopping_end()
    assert world.rest().status.message == "train: running"


def test_a_stop_from_outside_counts_as_a_restart() -> None:
    world = World(make_job(ONLY_PREPARE))
    world.rest()
    world.change("points-prepare-1-0", failed(make_worker(PREPARE), Reason.STOPPED, "stopped on SIGTERM"))
    world.look()
    stage = stage_status(world.job, PREPARE)
    assert (stage.state, stage.restarts) == (StageState.PENDING, 1)


@pytest.mark.parametrize("message", ["x" * 1024, ""])
def test_a_message_of_any_length_fits_the_status(message: str) -> None:
    world = World(make_job(ONLY_PREPARE, runPolicy={"maxRestarts": 0}))
    world.rest()
    world.change("points-prepare-1-0", failed(make_worker(PREPARE), Reason.EXCEPTION, message))
    decision = world.look()
    assert decision.status == type(decision.status).model_validate(decision.status.model_dump())
