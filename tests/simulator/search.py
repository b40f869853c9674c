"""Runs the schedules of many seeds on all cores, and makes small those that fail."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .judge import Violation
from .schedule import Schedule, draw
from .shrink import shrink
from .world import collect_garbage_seldom, run

REGRESSIONS = Path(__file__).parent / "regressions.json"
"""Schedules that once failed: they are run first."""
_BATCH = 50


@dataclass(frozen=True)
class Finding:
    """A schedule that fails, made as small as it gets, and how."""

    schedule: Schedule
    violation: Violation

    def dump(self) -> dict[str, Any]:
        """As JSON, to be kept in :data:`REGRESSIONS`."""
        return {"found": self.violation.invariant, "schedule": self.schedule.dump()}

    def __str__(self) -> str:
        told = (
            f"seed {self.schedule.seed} at {self.violation.at} s: {self.violation.invariant}: {self.violation.detail}"
        )
        return f"{told}\nkeep it in {REGRESSIONS.name}: {json.dumps(self.dump())}"


def examine(schedule: Schedule) -> Finding | None:
    """Run a schedule; where it fails, return the smallest one that fails in the same way."""
    violation = run(schedule)
    return None if violation is None else Finding(*shrink(schedule, violation))


def search(start: int, count: int, *, processes: int | None = None) -> Iterator[Finding]:
    """Yield what fails of the seeds from ``start``."""
    workers = processes or os.cpu_count() or 1
    with ProcessPoolExecutor(workers, initializer=_prepare) as pool:
        for findings in pool.map(_examine, _batches(range(start, start + count))):
            yield from findings


def first(start: int, count: int, *, real_ledger: bool = False) -> Finding | None:
    """Return what fails first of the seeds from ``start``, as it is; null if nothing does."""
    _prepare()
    for seed in range(start, start + count):
        drawn = draw(seed)
        schedule = replace(drawn, real_ledger=real_ledger or drawn.real_ledger)
        if (violation := run(schedule)) is not None:
            return Finding(schedule, violation)
    return None


def regressions() -> list[Schedule]:
    """Return the schedules that once failed."""
    return [Schedule.load(kept["schedule"]) for kept in json.loads(REGRESSIONS.read_text())]


def _batches(seeds: range) -> list[range]:
    return [seeds[at : at + _BATCH] for at in range(0, len(seeds), _BATCH)]


def _examine(seeds: range) -> list[Finding]:
    return [finding for seed in seeds if (finding := examine(draw(seed))) is not None]


def _prepare() -> None:
    collect_garbage_seldom()
    logging.disable(logging.CRITICAL)
