"""Whatever goes wrong, and whenever: nothing is lost. ``ULLAGE_SIMULATOR_SEEDS`` sets how many schedules are run."""

from __future__ import annotations

import os

import pytest

from simulator.judge import Violation
from simulator.schedule import Event, Fate, JobPlan, Schedule, draw
from simulator.search import regressions, search
from simulator.shrink import shrink
from simulator.world import run

SEEDS = int(os.environ.get("ULLAGE_SIMULATOR_SEEDS", "20000"))
SCRIPT = {
    "script": {"path": "work.py"},
    "workers": {"replicas": 2},
    "runPolicy": {"maxRestarts": 0},
    "storage": {"persistentVolumeClaim": {"claimName": "data"}},
}


@pytest.mark.parametrize("schedule", regressions(), ids=lambda schedule: f"seed-{schedule.seed}")
def test_a_schedule_that_once_failed_no_longer_does(schedule: Schedule) -> None:
    assert run(schedule) is None


def test_no_schedule_breaks_an_invariant() -> None:
    findings = [str(finding) for finding in search(0, SEEDS)]
    assert not findings, "\n".join(findings)


def test_a_schedule_follows_from_its_seed_and_survives_being_kept() -> None:
    assert draw(7) == draw(7)
    assert draw(7) != draw(8)
    assert Schedule.load(draw(7).dump()) == draw(7)


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("real_ledger", [False, True])
def test_an_operator_may_crash_in_any_call_of_a_job_s_life(*, applied: bool, real_ledger: bool) -> None:
    job = JobPlan(SCRIPT)
    calls = range(1, 40)
    crashes = (Event("crash", call=call, seconds=1.0, applied=applied) for call in calls)
    assert {run(Schedule(seed=1, jobs=(job,), events=(crash,), real_ledger=real_ledger)) for crash in crashes} == {None}


def test_what_fails_is_made_as_small_as_it_gets() -> None:
    violation = Violation("no pod is killed while a job is suspended", "one was", 0.0)

    def runs(schedule: Schedule) -> Violation | None:
        killed = any(fate.end == "is killed" for job in schedule.jobs for fate in job.fates)
        return violation if killed and any(event.kind == "suspend" for event in schedule.events) else None

    fates = (Fate(end="stalls"), Fate(end="is killed", run=3.0), Fate())
    events = (Event("touch", at=1.0), Event("suspend", at=2.0, seconds=5.0), Event("crash", call=9))
    large = Schedule(seed=1, jobs=(JobPlan(SCRIPT, fates), JobPlan(SCRIPT)), events=events, lag=1.0)
    small = Schedule(seed=1, jobs=(JobPlan(SCRIPT, (Fate(), fates[1], Fate())),), events=(events[1],), lag=0.01)
    assert shrink(large, violation, runs) == (small, violation)
