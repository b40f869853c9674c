"""Gangs that wait in a queue, or with places for some of their workers only."""

from __future__ import annotations

from dataclasses import replace

from plan.builders import START_MS, TRAIN, World, make_job, make_worker, stage_status, with_policy
from ullage_operator.api.types import Phase, StageState
from ullage_operator.plan import Admission, WorkerPhase
from ullage_operator.plan.gang import is_torn, pause_ms
from ullage_trainer.config import Failure, Reason

SCRIPT = {"script": {"path": "work.py"}}
NO_PLACE = Failure(reason=Reason.UNSCHEDULABLE, message="no node takes it", worker=1)
QUEUED = Failure(reason=Reason.UNSCHEDULABLE, message="waits in a queue: kueue.x-k8s.io/admission")
BACKOFF_MS = 10_000


def torn_world() -> World:
    """Two workers, of which one has a place and runs, and for the other there is none."""
    world = World(make_job(SCRIPT))
    world.rest()
    for name, worker in world.workers.items():
        if worker.index == 0:
            world.change(name, replace(worker, phase=WorkerPhase.RUNNING))
        else:
            world.change(name, replace(worker, bound=False, seen=NO_PLACE))
    return world


def gated_world(startup_deadline_seconds: int) -> World:
    """Two workers that a queue holds back."""
    world = World(with_policy(make_job(SCRIPT), startup_deadline_seconds=startup_deadline_seconds))
    world.rest()
    for name, worker in world.workers.items():
        world.change(name, replace(worker, bound=False, gated=True, seen=QUEUED))
    world.rest()
    return world


def test_a_gang_is_torn_if_some_of_its_workers_have_places_and_there_are_none_for_others() -> None:
    bound = make_worker(index=0)
    placeless = make_worker(index=1, bound=False, seen=NO_PLACE)
    assert is_torn([bound, placeless])
    assert not is_torn([bound, replace(placeless, seen=None)])
    assert not is_torn([placeless, replace(placeless, index=2)])
    assert not is_torn([bound, replace(placeless, gated=True)])
    assert not is_torn([bound, replace(placeless, stopping=True)])


def test_a_torn_gang_keeps_its_places_while_no_older_one_waits_and_looks_again() -> None:
    world = torn_world()
    decision = world.rest()
    assert (world.stopped, decision.wake_at_ms) == ([], START_MS + BACKOFF_MS)
    assert world.job.status.message == "train: 1 of 2 workers running; no node takes it"


def test_a_torn_gang_gives_way_to_an_older_one_and_comes_back_after_a_pause_that_counts_as_no_restart() -> None:
    world = torn_world()
    # What became of an attempt before this one is no longer so once it gives way.
    disrupted = Failure(reason=Reason.DISRUPTED, message="node drained")
    world.job = world.job.model_copy(update={"status": world.job.status.model_copy(update={"failure": disrupted})})
    world.admission = Admission(gives_way_to="physics/elder")
    decision = world.look()
    assert (decision.reason, decision.status.message) == (
        "GivesWay",
        "train: gives way to physics/elder, which is older; neither has places for all of its workers",
    )
    assert world.stopped == ["points-train-1-0", "points-train-1-1"]
    world.admission = Admission()
    for name, worker in world.workers.items():
        world.change(name, replace(worker, seen=None))
    world.stopping_end()
    stage = stage_status(world.job, TRAIN)
    assert (stage.state, stage.attempt, stage.restarts, stage.yields) == (StageState.PENDING, 1, 0, 1)
    assert (world.job.status.phase, world.job.status.failure) == (Phase.RUNNING, None)
    world.now_ms += pause_ms(world.job.metadata.uid or "", 1, BACKOFF_MS) - 1
    world.rest()
    assert stage_status(world.job, TRAIN).attempt == 1
    world.now_ms += 1
    world.rest()
    stage = stage_status(world.job, TRAIN)
    assert (stage.state, stage.attempt, world.live) == (
        StageState.RUNNING,
        2,
        ["points-train-2-0", "points-train-2-1"],
    )


def test_a_gang_whose_workers_all_have_places_gives_way_to_nobody() -> None:
    world = World(make_job(SCRIPT), admission=Admission(gives_way_to="physics/elder"))
    world.rest()
    world.all_run()
    assert world.stopped == []


def test_pauses_double_and_are_spread_by_the_job() -> None:
    spread = pause_ms("a job", 1, BACKOFF_MS) - BACKOFF_MS
    assert 0 <= spread < BACKOFF_MS
    assert [pause_ms("a job", count, BACKOFF_MS) - spread for count in (1, 2, 3, 6, 7, 100)] == [
        10_000,
        20_000,
        40_000,
        320_000,
        320_000,
        320_000,
    ]
    assert len({pause_ms(f"job {number}", 1, BACKOFF_MS) for number in range(100)}) > 90


def test_time_in_a_queue_does_not_count_as_time_to_start_in() -> None:
    world = gated_world(startup_deadline_seconds=60)
    assert stage_status(world.job, TRAIN).gated
    assert world.job.status.message == "train: 0 of 2 workers running; waits in a queue: kueue.x-k8s.io/admission"
    world.now_ms += 3_600_000
    assert world.rest().wake_at_ms is None
    assert world.stopped == []
    for name, worker in world.workers.items():
        world.change(name, replace(worker, gated=False, seen=None))
    admitted = world.now_ms
    assert world.rest().wake_at_ms == admitted + 60_000
    world.now_ms = admitted + 60_000
    world.rest()
    assert world.stopped == ["points-train-1-0", "points-train-1-1"]
