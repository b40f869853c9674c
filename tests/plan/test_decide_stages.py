"""From a new job to one that is done: what each pass decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from plan.builders import (
    ALLOWED,
    ONLY_PREPARE,
    POLICY,
    PREPARE,
    QUANTIZE,
    START,
    START_MS,
    TRAIN,
    World,
    make_job,
    make_worker,
    output_of,
    report_of,
    stage_status,
    succeeded,
    with_status,
)
from ullage_operator.api.types import Condition, ConditionStatus, JobStatus, Phase, StageState, StageStatus
from ullage_operator.plan import (
    CreateWorkers,
    Decision,
    StopWorkers,
    WorkerPhase,
    decide,
    stage_document,
    worker_plans,
)
from ullage_trainer.config import Failure, Output, Progress, Reason, Stage, Usage, VariantResult, WorkerState

USAGE_OF_ONE = Usage(wall_ms=1000, cpu_ms=1000, peak_memory_bytes=1 << 20, samples=10)
USAGE_OF_TWO = Usage(wall_ms=2000, cpu_ms=2000, peak_memory_bytes=1 << 20, samples=20)


def condition(kind: str, holds: str, message: str, *, reason: str = "") -> Condition:
    return Condition(
        type=kind,
        status=ConditionStatus(holds),
        reason=reason or kind,
        message=message,
        last_transition_time=START,
        observed_generation=1,
    )


def running(message: str, **facts: Any) -> JobStatus:
    """The status of a job that runs since the start."""
    return JobStatus(
        observed_generation=1,
        phase=Phase.RUNNING,
        message=message,
        conditions=[condition("Running", "True", message)],
        start_time=START,
        **facts,
    )


def first_pass() -> Decision:
    return decide(make_job(ONLY_PREPARE), (), ALLOWED, START_MS, POLICY)


def test_the_first_pass_only_writes_the_number_of_the_attempt() -> None:
    stage = StageStatus(name=PREPARE, state=StageState.CREATING, attempt=1, start_time=START, attempt_time=START)
    status = running("prepare: starting", stage=PREPARE, stages=[stage])
    assert first_pass() == Decision(status, wake_at_ms=START_MS)


def test_the_second_pass_creates_the_workers() -> None:
    job = with_status(make_job(ONLY_PREPARE), first_pass().status)
    document = stage_document(job, PREPARE, 1, {}, "/storage")
    create = CreateWorkers(document, worker_plans(job, PREPARE, 1))
    assert decide(job, (), ALLOWED, START_MS, POLICY) == Decision(job.status, (create,), START_MS)


def test_once_all_workers_are_seen_the_attempt_is_written_as_created() -> None:
    job = with_status(make_job(ONLY_PREPARE), first_pass().status)
    stage = StageStatus(
        name=PREPARE, state=StageState.RUNNING, attempt=1, created=True, start_time=START, attempt_time=START
    )
    status = running("prepare: 0 of 1 workers running", stage=PREPARE, stages=[stage])
    assert decide(job, (make_worker(PREPARE),), ALLOWED, START_MS, POLICY) == Decision(status, quiet=True)


def test_before_that_a_worker_that_is_absent_is_created_and_not_lost() -> None:
    world = World(make_job({"model": {"mlp": {}}, "inputs": {"dataset": "flights"}}))
    world.look()
    created = world.look().actions[0]
    del world.workers["points-train-1-0"]
    again = world.look()
    assert isinstance(created, CreateWorkers)
    assert again.actions == (CreateWorkers(created.document, created.workers[:1]),)
    assert stage_status(world.job, TRAIN).restarts == 0


def test_numbers_of_workers_may_be_written_later_but_not_why_one_waits_or_no_longer_does_nor_that_all_run() -> None:
    world = World(make_job({"model": {"mlp": {}}, "inputs": {"dataset": "flights"}}))
    world.look()
    world.look()
    first, second = world.workers.values()
    kinds = [world.look().quiet]
    for changed in (
        replace(first, phase=WorkerPhase.RUNNING),
        replace(second, seen=Failure(reason=Reason.UNSCHEDULABLE, message="no node takes it")),
        second,
        second,
        replace(second, phase=WorkerPhase.RUNNING),
        succeeded(first),
        succeeded(second),
    ):
        world.change(changed.name, changed)
        kinds.append(world.look().quiet)
    assert kinds == [True, True, False, False, True, False, True, False]


def test_how_far_a_stage_is_comes_from_its_first_worker() -> None:
    world = World(make_job(ONLY_PREPARE))
    world.rest()
    progress = Progress(
        step=63, total_steps=100, epoch=2, epochs=5, eta_seconds=130, metric=("accuracy", 0.98127), loss=0.1
    )
    worker = world.workers["points-prepare-1-0"]
    report = report_of(worker, WorkerState.RUNNING, progress=progress)
    world.change(worker.name, make_worker(PREPARE, phase=WorkerPhase.RUNNING, report=report))
    stage = StageStatus(
        name=PREPARE,
        state=StageState.RUNNING,
        attempt=1,
        created=True,
        start_time=START,
        attempt_time=START,
        started=True,
        workers_ready=1,
    )
    assert world.look() == Decision(
        running(
            "prepare: running",
            stage=PREPARE,
            stages=[stage],
            progress=progress,
            progress_text="63%",
            eta="2m10s",
            metric="accuracy 0.9813",
            usage=report.usage,
        )
    )


def test_what_a_gang_takes_is_told_while_it_runs_and_counted_once_when_it_has_ended() -> None:
    world = World(make_job({"model": {"mlp": {}}, "inputs": {"dataset": "flights"}}))
    world.rest()
    first, second = world.workers.values()
    spent = [world.job.status.usage]

    def told(gang_usage: Usage | None) -> None:
        report = report_of(first, WorkerState.RUNNING, gang_usage=gang_usage)
        world.change(first.name, replace(first, phase=WorkerPhase.RUNNING, report=report))
        spent.append(world.look().status.usage)

    world.change(second.name, replace(second, phase=WorkerPhase.RUNNING))
    told(None)
    told(Usage(wall_ms=700, cpu_ms=500))
    told(None)
    for worker in (first, second):
        world.change(worker.name, succeeded(worker))
    world.rest()
    spent.append(world.job.status.usage)
    both = Usage(wall_ms=2000, cpu_ms=2000, peak_memory_bytes=1 << 20, samples=20)
    so_far = Usage(wall_ms=700, cpu_ms=500)
    assert spent == [None, None, so_far, so_far, both]


def test_progress_that_can_t_be_had_just_now_stays_as_it_was() -> None:
    world = World(make_job(ONLY_PREPARE))
    world.rest()
    worker = make_worker(PREPARE, phase=WorkerPhase.RUNNING)
    world.change(
        worker.name,
        make_worker(
            PREPARE,
            phase=WorkerPhase.RUNNING,
            report=report_of(worker, WorkerState.RUNNING, progress=Progress(step=1, total_steps=4)),
        ),
    )
    before = world.look().status
    world.change(worker.name, worker)
    assert world.look().status == before
    assert before.progress_text == "25%"


def test_workers_that_do_not_run_yet_are_counted() -> None:
    world = World(make_job({"model": {"mlp": {}}, "inputs": {"dataset": "flights"}}))
    world.rest()
    world.change("points-train-1-1", make_worker(index=1, phase=WorkerPhase.RUNNING))
    assert world.look().status.message == "train: 1 of 2 workers running"
    assert (stage_status(world.job, TRAIN).workers_ready, stage_status(world.job, TRAIN).workers_failed) == (1, 0)


def test_a_stage_that_has_succeeded_keeps_its_output_and_what_it_took_and_the_next_one_comes() -> None:
    world = World(make_job())
    world.rest()
    world.change("points-prepare-1-0", succeeded(make_worker(PREPARE), metrics={"accuracy": 0.9}))
    stage = StageStatus(
        name=PREPARE,
        state=StageState.SUCCEEDED,
        attempt=1,
        created=True,
        start_time=START,
        attempt_time=START,
        started=True,
        finish_time=START,
        output=output_of(PREPARE, 1),
        usage=USAGE_OF_ONE,
    )
    expected = running(
        "prepare: done",
        stage=PREPARE,
        stages=[stage, StageStatus(name=TRAIN), StageStatus(name=QUANTIZE)],
        artifacts=output_of(PREPARE, 1).path,
        metrics={"accuracy": 0.9},
        usage=USAGE_OF_ONE,
    ).model_copy(update={"conditions": [condition("Running", "True", "prepare: done", reason="StageSucceeded")]})
    assert world.look() == Decision(expected, wake_at_ms=START_MS, reason="StageSucceeded")


def test_a_job_whose_last_stage_is_done_has_succeeded_in_the_same_pass() -> None:
    world = World(make_job(ONLY_PREPARE))
    world.rest()
    world.change("points-prepare-1-0", succeeded(make_worker(PREPARE)))
    decision = world.look()
    over = "all stages are done"
    before = stage_status(world.job, PREPARE)
    assert (before.state, before.output) == (StageState.SUCCEEDED, output_of(PREPARE, 1))
    assert decision == Decision(
        JobStatus(
            observed_generation=1,
            phase=Phase.SUCCEEDED,
            message=over,
            conditions=[
                condition("Running", "False", over, reason="Completed"),
                condition("Succeeded", "True", over, reason="Completed"),
            ],
            start_time=START,
            finish_time=START,
            stages=[before],
            progress_text="100%",
            artifacts=output_of(PREPARE, 1).path,
            usage=USAGE_OF_ONE,
        ),
        ended=True,
        reason="Completed",
    )


def test_stages_follow_one_another_and_each_is_given_what_the_one_before_has_made() -> None:
    world = World(make_job())
    for _ in Stage:
        world.rest()
        world.all_run()
        world.all_succeed()
    assert world.created == [
        "points-prepare-1-0",
        "points-train-1-0",
        "points-train-1-1",
        "points-quantize-1-0",
    ]
    assert world.job.status.phase is Phase.SUCCEEDED
    assert [(stage.name, stage.state, stage.output) for stage in world.job.status.stages] == [
        (stage, StageState.SUCCEEDED, output_of(stage, 1)) for stage in Stage
    ]
    assert world.job.status.usage == USAGE_OF_ONE + USAGE_OF_TWO + USAGE_OF_ONE
    assert world.live == world.stopped == []


def test_a_stage_is_given_a_document_that_names_what_earlier_ones_made() -> None:
    world = World(make_job())
    world.rest()
    succeeded_once = succeeded(make_worker(PREPARE))
    world.change(succeeded_once.name, succeeded_once)
    world.look()
    world.look()
    (action,) = world.look().actions
    assert isinstance(action, CreateWorkers)
    assert (action.document.stage, action.document.dataset) == (TRAIN, output_of(PREPARE, 1).path)
    assert [used.usage for used in action.document.used] == [USAGE_OF_ONE]


def test_measures_and_variants_stay_when_a_later_stage_reports_none() -> None:
    world = World(make_job())
    world.rest()
    world.all_succeed()
    variants = [VariantResult(variant="float", bytes=10, metric=0.9, latency_p50_us=1.0, latency_p95_us=2.0)]
    for index in (0, 1):
        facts = {"metrics": {"accuracy": 0.9}, "variants": variants} if index == 0 else {}
        world.change(f"points-train-1-{index}", succeeded(make_worker(index=index), **facts))
    world.rest()
    world.all_succeed()
    assert (world.job.status.metrics, world.job.status.variants) == ({"accuracy": 0.9}, variants)


def test_an_output_that_was_reused_is_a_success_like_any_other() -> None:
    world = World(make_job(ONLY_PREPARE))
    world.rest()
    reused = Output(path="points/runs/earlier/prepare-1", digest="d", reused=True)
    world.change("points-prepare-1-0", succeeded(make_worker(PREPARE), output=reused))
    world.rest()
    assert stage_status(world.job, PREPARE).output == reused
    assert world.job.status.artifacts == reused.path


@pytest.mark.parametrize(
    ("spec", "stages"),
    [
        ({"model": {"mlp": {}}, "inputs": {"dataset": "flights"}}, [TRAIN]),
        ({"quantize": {}, "inputs": {"dataset": "flights", "trained": "model"}}, [QUANTIZE]),
        ({**ONLY_PREPARE, "quantize": {}, "inputs": {"trained": "model"}}, [PREPARE, QUANTIZE]),
    ],
)
def test_stages_that_are_left_out_are_not_run(spec: dict[str, Any], stages: list[Stage]) -> None:
    world = World(make_job(spec, workers={"replicas": 1}))
    for _ in stages:
        world.rest()
        world.all_succeed()
    assert world.created == [f"points-{stage}-1-0" for stage in stages]
    assert [stage.name for stage in world.job.status.stages] == stages
    assert world.job.status.phase is Phase.SUCCEEDED


def test_a_new_attempt_is_numbered_after_workers_that_the_status_does_not_know() -> None:
    left = make_worker(PREPARE, attempt=7, phase=WorkerPhase.FAILED)
    decision = decide(make_job(ONLY_PREPARE), (left,), ALLOWED, START_MS, POLICY)
    assert [stage.attempt for stage in decision.status.stages] == [8]


def test_no_attempt_is_opened_while_a_worker_of_another_lives() -> None:
    left = make_worker(PREPARE, attempt=7, phase=WorkerPhase.RUNNING)
    job = make_job(ONLY_PREPARE)
    decision = decide(job, (left,), ALLOWED, START_MS, POLICY)
    assert decision == Decision(
        JobStatus(observed_generation=1, stage=PREPARE, stages=[StageStatus(name=PREPARE)]),
        (StopWorkers((left.uid,), "its attempt is over"),),
    )


def test_a_worker_that_ended_well_without_saying_what_it_made_has_failed() -> None:
    world = World(make_job(ONLY_PREPARE))
    world.rest()
    world.change("points-prepare-1-0", succeeded(make_worker(PREPARE), output=None))
    world.look()
    failure = world.job.status.failure
    assert failure is not None
    assert (failure.reason, failure.message) == (
        Reason.LOST,
        "points-prepare-1-0 ended well, and of what it made nothing is known",
    )
    assert stage_status(world.job, PREPARE).state is StageState.PENDING
