"""Suspension, admission, the deadline, deletion: what ends or holds a job from outside."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plan.builders import (
    ALLOWED,
    ONLY_PREPARE,
    POLICY,
    PREPARE,
    START,
    START_MS,
    TRAIN,
    World,
    failed,
    killed,
    make_job,
    make_worker,
    stage_status,
    succeeded,
    with_policy,
    with_status,
)
from ullage_operator.api.types import Condition, ConditionStatus, JobStatus, Phase, StageState, StageStatus
from ullage_operator.plan import Admission, Decision, StopWorkers, WorkerPhase, decide
from ullage_operator.plan.instants import rfc3339
from ullage_trainer.config import Reason, Usage

GANG = {"model": {"mlp": {}}, "inputs": {"dataset": "flights"}}
REFUSED = Admission(allowed=False, reason="BudgetExhausted", message="north has 0 A100-hours left")
SECOND_MS = 1000
LONG_AFTER_MS = START_MS + 3_600_000


def running_gang(**policy: object) -> World:
    world = World(make_job(GANG, runPolicy=policy))
    world.rest()
    world.all_run()
    return world


def suspend(world: World) -> None:
    world.job = with_policy(world.job, suspend=True)


def resume(world: World) -> None:
    world.job = with_policy(world.job, suspend=False)


def delete(world: World) -> None:
    metadata = world.job.metadata.model_copy(update={"deletion_timestamp": START})
    world.job = world.job.model_copy(update={"metadata": metadata})


# -- suspension -----------------------------------------------------------------------------------------


def test_an_image_that_is_corrected_while_the_job_is_suspended_is_the_one_of_the_next_attempt() -> None:
    world = World(make_job(ONLY_PREPARE, image="registry.example/tpyo:1"))
    world.rest()
    images = [world.job.status.image]
    suspend(world)
    world.rest()
    world.stopping_end()
    spec = world.job.spec.model_copy(update={"image": "registry.example/typo:1"})
    world.job = world.job.model_copy(update={"spec": spec})
    resume(world)
    world.rest()
    images.append(world.job.status.image)
    assert (world.live, images) == (["points-prepare-2-0"], ["registry.example/tpyo:1", "registry.example/typo:1"])


def test_a_job_that_names_no_image_keeps_the_one_it_started_with_when_the_operator_has_another() -> None:
    world = World(make_job(ONLY_PREPARE), policy=replace(POLICY, image="registry.example/older:1"))
    world.rest()
    suspend(world)
    world.rest()
    world.stopping_end()
    world.policy = replace(POLICY, image="registry.example/newer:2")
    resume(world)
    world.rest()
    assert (world.live, world.job.status.image) == (["points-prepare-2-0"], "registry.example/older:1")


def test_a_job_that_is_suspended_from_the_start_asks_for_nothing_and_has_not_started() -> None:
    job = make_job(ONLY_PREPARE, runPolicy={"suspend": True})
    message = "suspended by spec.runPolicy.suspend"
    assert decide(job, (), ALLOWED, START_MS, POLICY) == Decision(
        JobStatus(
            observed_generation=1,
            phase=Phase.SUSPENDED,
            message=message,
            conditions=[
                Condition(
                    type="Suspended",
                    status=ConditionStatus.TRUE,
                    reason="Suspended",
                    message=message,
                    last_transition_time=START,
                    observed_generation=1,
                )
            ],
            stage=PREPARE,
            stages=[StageStatus(name=PREPARE)],
        ),
        reason="Suspended",
    )


def test_suspending_stops_the_workers_and_then_the_stage_waits() -> None:
    world = running_gang()
    suspend(world)
    assert world.look().actions == (
        StopWorkers(("uid-of-points-train-1-0", "uid-of-points-train-1-1"), "the job is suspended"),
    )
    assert world.job.status.phase is Phase.RUNNING
    world.stopping_end()
    stage = stage_status(world.job, TRAIN)
    assert world.job.status.phase is Phase.SUSPENDED
    assert (stage.state, stage.attempt, stage.restarts) == (StageState.PENDING, 1, 0)
    assert world.job.status.usage == Usage(wall_ms=2000, cpu_ms=2000, peak_memory_bytes=1 << 20, samples=20)


def test_a_suspended_job_that_is_resumed_goes_on_with_a_new_attempt_at_once() -> None:
    world = running_gang()
    suspend(world)
    world.rest()
    world.stopping_end()
    usage = world.job.status.usage
    world.rest()
    assert world.job.status.usage == usage
    resume(world)
    world.rest()
    stage = stage_status(world.job, TRAIN)
    assert (stage.state, stage.attempt, stage.restarts) == (StageState.RUNNING, 2, 0)


def test_a_job_that_is_resumed_after_a_restart_starts_at_once() -> None:
    world = running_gang()
    world.change("points-train-1-1", killed(make_worker(index=1)))
    world.rest()
    world.now_ms = world.stopping_end().wake_at_ms or 0
    world.rest()
    suspend(world)
    world.rest()
    world.stopping_end()
    resume(world)
    world.rest()
    stage = stage_status(world.job, TRAIN)
    assert (stage.state, stage.attempt, stage.restarts) == (StageState.RUNNING, 3, 1)


def test_a_job_that_is_resumed_before_its_workers_have_stopped_loses_no_restart() -> None:
    world = running_gang(maxRestarts=0)
    suspend(world)
    world.rest()
    resume(world)
    world.rest()
    assert world.created[2:] == []
    world.change("points-train-1-0", failed(world.workers["points-train-1-0"], Reason.STOPPED))
    world.change("points-train-1-1", killed(world.workers["points-train-1-1"]))
    world.rest()
    stage = stage_status(world.job, TRAIN)
    assert (stage.state, stage.attempt, stage.restarts) == (StageState.RUNNING, 2, 0)
    assert world.job.status.failure is None


def test_a_failure_while_workers_stop_still_counts_once_the_job_goes_on() -> None:
    world = running_gang(maxRestarts=0)
    suspend(world)
    world.rest()
    resume(world)
    world.change("points-train-1-0", failed(world.workers["points-train-1-0"], Reason.NUMERIC_FAILURE))
    world.change("points-train-1-1", failed(world.workers["points-train-1-1"], Reason.STOPPED))
    assert world.rest().status.phase is Phase.FAILED


def test_a_stage_that_ends_well_while_it_is_stopped_is_not_run_again() -> None:
    world = World(make_job())
    world.rest()
    suspend(world)
    world.rest()
    world.all_succeed()
    assert [stage.state for stage in world.job.status.stages] == [
        StageState.SUCCEEDED,
        StageState.PENDING,
        StageState.PENDING,
    ]
    assert world.job.status.phase is Phase.SUSPENDED
    resume(world)
    world.rest()
    assert world.created == ["points-prepare-1-0", "points-train-1-0", "points-train-1-1"]


def test_a_job_whose_last_stage_ends_well_while_it_is_stopped_has_succeeded() -> None:
    world = running_gang()
    suspend(world)
    world.rest()
    assert world.all_succeed().ended
    assert world.job.status.phase is Phase.SUCCEEDED


def test_replicas_may_change_while_a_job_is_suspended() -> None:
    world = running_gang()
    suspend(world)
    world.rest()
    world.stopping_end()
    workers = world.job.spec.workers.model_copy(update={"replicas": 3})
    world.job = world.job.model_copy(update={"spec": world.job.spec.model_copy(update={"workers": workers})})
    resume(world)
    world.rest()
    assert world.created[2:] == ["points-train-2-0", "points-train-2-1", "points-train-2-2"]


def test_a_worker_that_turns_up_while_the_job_is_suspended_is_stopped() -> None:
    world = running_gang()
    suspend(world)
    world.rest()
    world.stopping_end()
    late = make_worker(attempt=1, index=1, phase=WorkerPhase.RUNNING)
    world.change(late.name, late)
    assert world.look().actions == (StopWorkers((late.uid,), "the job is suspended"),)


# -- admission ------------------------------------------------------------------------------------------


def test_a_job_that_is_not_admitted_waits_for_the_reason_that_it_was_given() -> None:
    world = World(make_job(ONLY_PREPARE), admission=REFUSED)
    decision = world.rest()
    assert (decision.actions, decision.wake_at_ms, decision.reason) == ((), None, "BudgetExhausted")
    assert (decision.status.phase, decision.status.message, decision.status.start_time) == (
        Phase.SUSPENDED,
        "north has 0 A100-hours left",
        None,
    )


def test_a_job_that_is_admitted_later_starts_then() -> None:
    world = World(make_job(ONLY_PREPARE), admission=REFUSED)
    world.rest()
    world.admission, world.now_ms = ALLOWED, LONG_AFTER_MS
    world.rest()
    assert world.created == ["points-prepare-1-0"]
    assert world.job.status.start_time == rfc3339(LONG_AFTER_MS)
    assert [(c.type, c.status.value) for c in world.job.status.conditions] == [
        ("Running", "True"),
        ("Suspended", "False"),
    ]


def test_a_job_that_is_no_longer_admitted_is_stopped() -> None:
    world = running_gang()
    world.admission = REFUSED
    world.rest()
    world.stopping_end()
    assert (world.job.status.phase, world.job.status.message) == (Phase.SUSPENDED, REFUSED.message)


def test_a_refusal_without_a_reason_is_given_one() -> None:
    decision = decide(make_job(ONLY_PREPARE), (), Admission(allowed=False), START_MS, POLICY)
    assert [condition.reason for condition in decision.status.conditions] == ["NotAdmitted"]


def test_a_suspension_by_the_user_goes_before_a_refusal() -> None:
    decision = decide(make_job(ONLY_PREPARE, runPolicy={"suspend": True}), (), REFUSED, START_MS, POLICY)
    assert (decision.reason, decision.status.message) == ("Suspended", "suspended by spec.runPolicy.suspend")


# -- the deadline ---------------------------------------------------------------------------------------


def test_a_running_job_is_looked_at_again_at_its_deadline() -> None:
    world = running_gang(activeDeadlineSeconds=60)
    assert world.look() == Decision(world.job.status, wake_at_ms=START_MS + 60_000, quiet=True)


def test_a_job_past_its_deadline_is_stopped_and_then_has_failed() -> None:
    world = running_gang(activeDeadlineSeconds=60)
    world.now_ms = START_MS + 60_000
    (stop,) = world.look().actions
    assert stop == StopWorkers(("uid-of-points-train-1-0", "uid-of-points-train-1-1"), "the job's deadline has passed")
    decision = world.stopping_end()
    status = world.job.status
    assert (decision.ended, decision.reason) == (True, "DeadlineExceeded")
    assert (status.phase, status.failure, status.finish_time) == (Phase.FAILED, None, rfc3339(world.now_ms))
    assert status.message == ("expected the job to end within runPolicy.activeDeadlineSeconds (60), and it did not")
    assert stage_status(world.job, TRAIN).state is StageState.FAILED
    assert status.usage == Usage(wall_ms=2000, cpu_ms=2000, peak_memory_bytes=1 << 20, samples=20)


def test_the_deadline_also_ends_a_job_that_waits_to_start_again() -> None:
    world = running_gang(activeDeadlineSeconds=5)
    world.workers.clear()
    assert world.rest().wake_at_ms == START_MS + 5 * SECOND_MS
    world.now_ms += 5 * SECOND_MS
    assert world.rest().reason == "DeadlineExceeded"
    assert world.job.status.failure is None


def test_time_in_which_a_job_is_suspended_does_not_count_towards_its_deadline() -> None:
    world = running_gang(activeDeadlineSeconds=60)
    world.now_ms += 20 * SECOND_MS
    suspend(world)
    world.rest()
    world.stopping_end()
    world.now_ms = LONG_AFTER_MS
    assert world.rest().status.phase is Phase.SUSPENDED
    resume(world)
    assert world.rest().wake_at_ms == LONG_AFTER_MS + 40 * SECOND_MS
    world.now_ms = LONG_AFTER_MS + 39 * SECOND_MS
    assert world.rest().actions == ()
    world.now_ms += SECOND_MS
    assert world.look().actions != ()


def test_time_in_which_a_job_waits_to_be_admitted_does_not_count_towards_its_deadline() -> None:
    world = World(make_job(ONLY_PREPARE, runPolicy={"activeDeadlineSeconds": 60}), admission=REFUSED)
    world.rest()
    world.admission, world.now_ms = ALLOWED, LONG_AFTER_MS
    assert world.rest().wake_at_ms == LONG_AFTER_MS + 60 * SECOND_MS


# -- ends -----------------------------------------------------------------------------------------------


def test_a_job_that_is_deleted_stops_its_workers_and_is_over_when_they_have_ended() -> None:
    world = running_gang()
    delete(world)
    assert world.look().actions == (
        StopWorkers(("uid-of-points-train-1-0", "uid-of-points-train-1-1"), "the job was deleted"),
    )
    assert world.stopping_end().ended
    assert world.created == ["points-train-1-0", "points-train-1-1"]


@pytest.mark.parametrize("phase", Phase)
def test_a_deleted_job_is_over_in_any_phase_and_starts_nothing(phase: Phase) -> None:
    world = World(with_status(make_job(), JobStatus(phase=phase)))
    delete(world)
    decision = world.look()
    assert (decision.ended, decision.actions, decision.status.phase) == (True, (), phase)


@pytest.mark.parametrize("suspended", [False, True])
@pytest.mark.parametrize("phase", [Phase.SUCCEEDED, Phase.FAILED])
def test_a_job_that_has_ended_is_left_as_it_is(phase: Phase, *, suspended: bool) -> None:
    status = JobStatus(phase=phase, message="over", start_time=START, stages=[StageStatus(name=PREPARE)])
    job = with_status(make_job(runPolicy={"suspend": suspended, "activeDeadlineSeconds": 1}), status)
    assert decide(job, (), REFUSED, LONG_AFTER_MS, POLICY) == Decision(status, ended=True)


def test_workers_of_a_job_that_has_ended_are_stopped_before_it_is_over() -> None:
    status = JobStatus(phase=Phase.FAILED, message="over", start_time=START)
    live, dead = make_worker(phase=WorkerPhase.RUNNING), succeeded(make_worker(index=1))
    assert decide(with_status(make_job(), status), (live, dead), ALLOWED, START_MS, POLICY) == Decision(
        status, (StopWorkers((live.uid,), "the job has ended"),)
    )


def test_a_failed_stage_in_a_status_that_somebody_wrote_fails_the_job() -> None:
    stage = StageStatus(name=PREPARE, state=StageState.FAILED, attempt=1)
    job = with_status(make_job(ONLY_PREPARE), JobStatus(phase=Phase.RUNNING, stages=[stage], message="by hand"))
    decision = decide(job, (), ALLOWED, START_MS, POLICY)
    assert (decision.ended, decision.status.phase, decision.status.message) == (True, Phase.FAILED, "by hand")
