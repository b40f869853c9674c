"""What is measured, and what it is to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.pairs import median_interval
from bench.scale.trial import Figures

OURS = "ullage"
Results = Mapping[str, Sequence[Figures]]
"""The figures of each run, by side."""


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Parameters
    ----------
    name
        The figure.
    text
        What it is, with its unit.
    limit
        What ours may be at most; null where there is no aim.
    against
        The side that ours is divided by, run by run; null for ours as it is.
    many
        The aim is for many jobs, and not for one that is wide.
    """

    name: str
    text: str
    limit: float | None = None
    against: str | None = None
    many: bool = False

    def values(self, results: Results, side: str) -> list[float]:
        """Return the values of all runs; empty where the side has none."""
        runs = [run.get(self.name) for run in results.get(side, ())]
        if self.against is None:
            return [value for value in runs if value is not None]
        if side != OURS:
            return []
        floors = [run.get(self.name) for run in results.get(self.against, ())]
        return [ours / floor for ours, floor in zip(runs, floors, strict=False) if ours is not None and floor]

    def aim(self, results: Results, jobs: int) -> tuple[str, str]:
        """Return the aim for so many jobs, and whether the median meets it; empty where there is none."""
        values = self.values(results, OURS)
        if self.limit is None or not values or (self.many and jobs == 1):
            return "", ""
        # Two digits: one write more in a thousand jobs is not a third write a job.
        return f"≤ {self.limit:g}", "met" if round(median_interval(values)[0], 2) <= self.limit else "missed"


def _times(name: str, text: str) -> list[Figure]:
    return [
        Figure(name, f"{text}, s"),
        Figure(name, "  ÷ script", 1.5, "script"),
        Figure(name, "  ÷ Jobs", 1.0, "jobs"),
    ]


FIGURES: list[Figure] = [
    Figure("exist.seconds", "first create to all pods there, s"),
    *_times("running.seconds", "first create to all pods running"),
    *_times("ended.seconds", "completion to all succeeded and let go"),
    Figure("running.status_writes", "status writes a job until running", 2),
    Figure("running.creates", "creates a pod until running", 1),
    Figure("running.events", "events a job until running"),
    Figure("running.requests", "requests a job until running"),
    Figure("running.cpu_ms", "CPU a job until running, ms", 12, many=True),
    Figure("ended.status_writes", "status writes a job at the end", 2),
    Figure("ended.releases", "finalizer patches a pod at the end", 1),
    Figure("ended.requests", "requests a job at the end"),
    Figure("ended.cpu_ms", "CPU a job at the end, ms"),
    Figure("peak.mib", "greatest resident set, MiB", 120),
    Figure("start.cpu_seconds", "start without jobs, CPU-s"),
    Figure("restart.cpu_seconds", "start with all jobs running, CPU-s", 3),
    Figure("restart.writes", "writes at that start", 0),
    Figure("idle.requests", "requests while nothing happens", 0),
    Figure("idle.cpu_seconds", "CPU while nothing happens, s"),
]
