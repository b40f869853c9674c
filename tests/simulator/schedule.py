"""What happens in one run: jobs, how their pods fare, and what goes wrong when. All of it follows from a seed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any

DATA: dict[str, Any] = {
    "sources": [
        {
            "name": "points",
            "csv": {"paths": ["points.csv"]},
            "columns": [{"name": "across", "type": "float64"}, {"name": "label", "type": "int64"}],
        }
    ],
    "label": {"source": "points", "column": "label"},
    "features": [{"column": "across"}],
}
SCRIPT: dict[str, Any] = {"path": "work.py"}


@dataclass(frozen=True)
class Event:
    """Something that happens: at a time, or, where ``call`` is given, in the operator's call of that number."""

    kind: str
    at: float = 0.0
    call: int = 0
    job: int = 0
    seconds: float = 0.0
    """For how long, where it lasts."""
    pick: int = 0
    """Which pod, or which way, out of those that there are."""
    applied: bool = False
    """Of what happens in a call: after the call took effect."""


@dataclass(frozen=True)
class Fate:
    """How a pod fares if nothing comes in between."""

    bind: float = 0.5
    start: float = 1.0
    run: float = 20.0
    end: str = "succeeds"
    stops_in: float = 1.0
    """How long it takes to end after SIGTERM."""


@dataclass(frozen=True)
class JobPlan:
    """A job, and the fates of its pods in the order in which they are made; further ones succeed."""

    spec: dict[str, Any]
    fates: tuple[Fate, ...] = ()


@dataclass(frozen=True)
class Schedule:
    """A whole run."""

    seed: int
    jobs: tuple[JobPlan, ...]
    events: tuple[Event, ...] = ()
    lag: float = 0.05
    """Seconds by which watches are late, at most, most of the time."""
    real_ledger: bool = False
    heal: bool = True
    """Whether in the end what waits for a person is let go on."""

    def without(self, event: Event) -> Schedule:
        return replace(self, events=tuple(other for other in self.events if other is not event))

    def dump(self) -> dict[str, Any]:
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        defaults = asdict(Event(""))
        plain["events"] = [{k: v for k, v in e.items() if defaults[k] != v} for e in plain["events"]]
        return plain

    @classmethod
    def load(cls, plain: dict[str, Any]) -> Schedule:
        jobs = tuple(JobPlan(job["spec"], tuple(Fate(**fate) for fate in job["fates"])) for job in plain["jobs"])
        events = tuple(Event(**event) for event in plain["events"])
        return cls(**{**plain, "jobs": jobs, "events": events})


FAILURES = ("fails", "is killed", "runs out of memory", "has bad data", "stalls", "ends without a word")
"""Ends that are the job's own fault, or nobody's: they count as restarts, or end the job."""
_ENDS = (*FAILURES, "image is missing", "hangs", "is evicted", "loses its last word")
_HORIZON = 120.0
_TIMED: tuple[tuple[str, float], ...] = (
    ("crash", 2.0),
    ("suspend", 1.5),
    ("delete job", 0.6),
    ("delete job in the foreground", 0.4),
    ("make job again", 0.6),
    ("touch", 1.0),
    ("delete pod", 1.0),
    ("force pod", 0.5),
    ("drain pod", 1.0),
    ("evict pod", 1.0),
    ("lose node", 0.8),
    ("vanish", 0.4),
    ("ledger down", 1.5),
    ("quota", 1.0),
    ("budget", 1.0),
    ("no room", 0.6),
    ("watch breaks", 1.5),
    ("watch is too old", 0.7),
    ("watch lags", 1.5),
    ("jobs' watch breaks", 1.0),
    ("clock steps", 0.4),
    ("calm", 0.5),
)
_IN_CALL: tuple[tuple[str, float], ...] = (("crash", 3.0), ("error 500", 1.0), ("timeout", 1.5), ("conflict", 0.5))
_TAKEN = ("take finalizer", "take finalizer and delete", "vanish unseen")


def draw(seed: int) -> Schedule:
    """Return the schedule of a seed."""
    dice = Random(seed)
    jobs = tuple(_job(dice) for _ in range(dice.choice((1, 1, 1, 1, 2))))
    count = dice.choice((0, 1, 2, 3, 4, 6, 9))
    events = [_event(dice, len(jobs)) for _ in range(count)]
    lag = dice.choice((0.01, 0.1, 1.0, 3.0))
    real_ledger, heal = dice.random() < 0.02, dice.random() < 0.7
    # Drawn last, so that all else that follows from a seed is what it was before there were these.
    events += [_taken(dice, len(jobs)) for _ in range(dice.choice((0, 0, 0, 0, 0, 0, 0, 0, 1, 2)))]
    in_order = tuple(sorted(events, key=lambda event: (event.at, event.call)))
    return Schedule(seed=seed, jobs=jobs, events=in_order, lag=lag, real_ledger=real_ledger, heal=heal)


def _job(dice: Random) -> JobPlan:
    stages: dict[str, Any] = dice.choice(({"script": SCRIPT}, {"script": SCRIPT}, {"script": SCRIPT, "data": DATA}))
    policy: dict[str, Any] = {"maxRestarts": dice.choice((0, 1, 2, 3))}
    if dice.random() < 0.12:
        policy["activeDeadlineSeconds"] = dice.choice((5, 30, 90))
    if dice.random() < 0.2:
        policy["startupDeadlineSeconds"] = dice.choice((5, 20, 60))
    if dice.random() < 0.2:
        policy["ttlSecondsAfterFinished"] = dice.choice((0, 10, 100))
    if dice.random() < 0.3:
        policy["cleanPodPolicy"] = dice.choice(("All", "None"))
    spec = {
        **stages,
        "workers": {"replicas": dice.choice((1, 2, 2, 3))},
        "runPolicy": policy,
        "storage": {"persistentVolumeClaim": {"claimName": "data"}},
    }
    trouble = dice.choice((0.0, 0.0, 0.1, 0.3, 0.6))
    return JobPlan(spec, tuple(_fate(dice, trouble) for _ in range(8)))


def _fate(dice: Random, trouble: float) -> Fate:
    return Fate(
        bind=round(dice.choice((0.01, 0.3, 2.0, 10.0)) * dice.random(), 3),
        start=round(dice.choice((0.1, 2.0, 2.0, 15.0)) * dice.random(), 3),
        run=round(dice.choice((0.5, 10.0, 60.0)) * dice.random(), 3),
        end=dice.choice(_ENDS) if dice.random() < trouble else "succeeds",
        stops_in=round(dice.choice((0.05, 2.0, 10.0, 60.0)) * dice.random(), 3),
    )


def _event(dice: Random, jobs: int) -> Event:
    job, pick, applied = dice.randrange(jobs), dice.randrange(6), dice.random() < 0.5
    seconds = round(dice.choice((0.5, 5.0, 40.0, 200.0)) * dice.random(), 2)
    if dice.random() < 0.35:
        kinds, weights = zip(*_IN_CALL, strict=True)
        kind = dice.choices(kinds, weights)[0]
        call = dice.choice((12, 30, 60)) * dice.random()
        return Event(kind, call=1 + int(call), seconds=seconds, pick=pick, applied=applied)
    kinds, weights = zip(*_TIMED, strict=True)
    kind = dice.choices(kinds, weights)[0]
    return Event(
        kind, at=round(dice.choice((5.0, 30.0, _HORIZON)) * dice.random(), 2), job=job, seconds=seconds, pick=pick
    )


def _taken(dice: Random, jobs: int) -> Event:
    """Somebody takes our finalizer off a pod; ``seconds`` is for how long the operator is down, where it is."""
    return Event(
        dice.choice(_TAKEN),
        at=round(dice.choice((5.0, 30.0, _HORIZON)) * dice.random(), 2),
        job=dice.randrange(jobs),
        seconds=round(dice.choice((0.5, 5.0, 40.0)) * dice.random(), 2),
        pick=dice.randrange(6),
    )
