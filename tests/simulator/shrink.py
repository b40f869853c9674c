"""From a schedule that fails to a smaller one that fails in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from .judge import Violation
from .schedule import Fate, JobPlan, Schedule
from .world import run

Runs = Callable[[Schedule], Violation | None]


def shrink(schedule: Schedule, violation: Violation, run: Runs = run) -> tuple[Schedule, Violation]:
    """Leave out events, jobs and misfortunes for as long as the same invariant is violated."""
    smaller = True
    while smaller:
        smaller = False
        for candidate in _candidates(schedule):
            found = run(candidate)
            if found is not None and found.invariant == violation.invariant:
                schedule, violation, smaller = candidate, found, True
                break
    return schedule, violation


def _candidates(schedule: Schedule) -> Iterator[Schedule]:
    for event in schedule.events:
        yield schedule.without(event)
    if len(schedule.jobs) > 1:
        yield replace(
            schedule, jobs=schedule.jobs[:1], events=tuple(event for event in schedule.events if event.job == 0)
        )
    for number, job in enumerate(schedule.jobs):
        if any(fate != Fate() for fate in job.fates):
            yield _with_fates(schedule, number, ())
        for at, fate in enumerate(job.fates):
            if fate != Fate():
                yield _with_fates(schedule, number, (*job.fates[:at], Fate(), *job.fates[at + 1 :]))
    if schedule.lag > 0.01:
        yield replace(schedule, lag=0.01)
    if schedule.real_ledger:
        yield replace(schedule, real_ledger=False)


def _with_fates(schedule: Schedule, number: int, fates: tuple[Fate, ...]) -> Schedule:
    jobs = list(schedule.jobs)
    jobs[number] = JobPlan(jobs[number].spec, fates)
    return replace(schedule, jobs=tuple(jobs))
