"""Attempts that do not start, and those that are disrupted."""

from __future__ import annotations

from dataclasses import replace

from plan.builders import START_MS, TRAIN, World, make_job, stage_status, with_policy
from ullage_operator.api.types import Phase, StageState
from ullage_operator.plan import Admission, WorkerPhase
from ullage_trainer.config import Failure, Reason

SCRIPT = {"script": {"path": "work.py"}}
NO_IMAGE = Failure(reason=Reason.IMAGE_UNAVAILABLE, message="image none can't be pulled", worker=1)
DISRUPTED = Failure(reason=Reason.DISRUPTED, message="evicted", worker=1)
QUOTA = Failure(reason=Reason.QUOTA_EXCEEDED, message="exceeded quota: none")


def waiting_world(**policy: int) -> World:
    """Two workers, of which one runs and one waits for its image."""
    world = World(with_policy(make_job(SCRIPT), **policy))
    world.rest()
    for name, worker in world.workers.items():
        if worker.index == 0:
            world.change(name, replace(worker, phase=WorkerPhase.RUNNING))
        else:
            world.change(name, replace(worker, seen=NO_IMAGE))
    return world


def end_all(world: World) -> None:
    for name, worker in world.workers.items():
        if worker.live:
            world.change(name, replace(worker, phase=WorkerPhase.FAILED, seen=None))


def test_why_a_worker_waits_is_in_the_message() -> None:
    world = waiting_world()
    world.rest()
    assert world.job.status.message == "train: 1 of 2 workers running; image none can't be pulled"


def test_without_a_deadline_an_attempt_may_take_as_long_as_it_likes_to_start() -> None:
    world = waiting_world()
    world.now_ms += 10**9
    world.rest()
    assert (world.live, world.job.status.phase) == (["points-train-1-0", "points-train-1-1"], Phase.RUNNING)


def test_an_attempt_that_has_not_started_in_time_is_ended_with_the_reason_and_tried_again() -> None:
    world = waiting_world(startup_deadline_seconds=60, max_restarts=1)
    assert world.rest().wake_at_ms == START_MS + 60_000
    world.now_ms = START_MS + 60_000
    world.rest()
    assert world.stopped == ["points-train-1-0", "points-train-1-1"]
    assert world.job.status.failure == NO_IMAGE
    end_all(world)
    world.rest()
    stage = stage_status(world.job, TRAIN)
    assert (stage.state, stage.restarts, world.job.status.failure) == (StageState.PENDING, 1, NO_IMAGE)
    world.now_ms += 10_000
    world.rest()
    assert stage_status(world.job, TRAIN).attempt == 2
    world.now_ms += 60_000
    world.rest()
    end_all(world)
    world.rest()
    assert (world.job.status.phase, stage_status(world.job, TRAIN).restarts) == (Phase.FAILED, 1)


def test_an_attempt_whose_workers_all_ran_once_has_started() -> None:
    world = waiting_world(startup_deadline_seconds=60)
    world.all_run()
    world.now_ms = START_MS + 61_000
    world.rest()
    assert (stage_status(world.job, TRAIN).started, world.stopped) == (True, [])


def test_pods_that_a_quota_keeps_out_are_named_and_end_the_attempt_in_time() -> None:
    world = World(with_policy(make_job(SCRIPT), startup_deadline_seconds=60, max_restarts=0))
    world.look()
    world.admission = Admission(refusal=QUOTA)
    decision = world.look()
    assert (decision.status.message, decision.wake_at_ms) == ("train: exceeded quota: none", START_MS + 10_000)
    world.workers.clear()
    world.now_ms = START_MS + 60_000
    world.rest()
    assert (world.job.status.phase, world.job.status.failure) == (Phase.FAILED, QUOTA)


def test_a_disruption_starts_another_attempt_and_uses_up_no_restart() -> None:
    world = World(with_policy(make_job(SCRIPT), max_restarts=0))
    world.rest()
    world.all_run()
    gone = world.workers["points-train-1-1"]
    world.change(gone.name, replace(gone, phase=WorkerPhase.FAILED, seen=DISRUPTED))
    world.rest()
    end_all(world)
    world.rest()
    world.now_ms += 10_000
    world.rest()
    stage = stage_status(world.job, TRAIN)
    assert (stage.attempt, stage.restarts, world.job.status.phase) == (2, 0, Phase.RUNNING)
    assert world.job.status.failure == DISRUPTED
