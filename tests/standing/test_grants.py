"""Grants over whole runs: a pool that institutions share, and what the specification's worked example leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from gap.vessel import DECEMBER, NOVEMBER, at
from plan.builders import make_job
from standing.clock import Clock
from standing.test_declared import objects
from standing.test_keep import institution, investment
from ullage_operator.accepting import accept
from ullage_operator.accounts import context_of
from ullage_operator.api import Declarations
from ullage_operator.api.types import JobStatus, TrainingJob
from ullage_operator.ledger import EntryContext, HoldOpened, HoldReleased, Ledger, Outcome
from ullage_operator.plan.budget import Terms
from ullage_operator.standing import Case, declare, declared_now, keep, take_turn
from ullage_trainer.config import Stage

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
KINDS = {"nvidia.com/gpu": "A100"}


@pytest.fixture
def clock() -> Clock:
    return Clock(at("2026-10-31"))


@dataclass
class Run:
    """A job of one worker that draws on what its institution was granted."""

    ledger: Ledger
    clock: Clock
    name: str
    institution: str
    accelerators: int
    interval_ms: int = HOUR
    grace_ms: int = 0
    live: int = 0
    phase: str = "Running"

    def case(self) -> Case:
        resources = {"train": {"limits": {"nvidia.com/gpu": str(self.accelerators)}}}
        job = make_job(
            {
                "script": {"path": "work.py"},
                "accounting": {"institution": self.institution},
                "workers": {"resources": resources},
            }
        )
        stages = [{"name": "train", "state": "Running", "attempt": 1}]
        status = JobStatus.model_validate({"phase": self.phase, "stages": stages})
        metadata = job.metadata.model_copy(update={"uid": self.name})
        job = job.model_copy(update={"metadata": metadata, "status": status})
        return Case(job, context_of(job), self.live, KINDS, Terms(self.interval_ms, self.grace_ms))

    def turn(self) -> tuple[bool, str, int]:
        """Take a turn; return whether it may go on, what it is told, and when the next turn is due."""
        now_ms = self.clock.now_ms
        verdict = take_turn(self.ledger, self.case(), declared_now(self.ledger, now_ms), now_ms).verdict
        assert verdict is not None
        return verdict.allowed, verdict.message, verdict.wake_at_ms or now_ms

    def start(self) -> None:
        context = EntryContext(
            job_uid=self.name, namespace=self.institution, job=self.name, institution=self.institution
        )
        hold = HoldOpened(
            context=context,
            worker_uid=f"uid-{self.name}",
            stage=Stage.TRAIN,
            attempt=1,
            index=0,
            slots=self.accelerators,
            accelerators=self.accelerators,
            accelerator_type="nvidia.com/gpu",
            cpu_millis=0,
            memory_mib=0,
            from_ms=self.clock.now_ms,
        )
        self.ledger.post([hold])
        self.live = 1

    def end(self) -> None:
        hold = self.ledger.find(f"hold/uid-{self.name}")
        assert isinstance(hold, HoldOpened)
        facts = {"context": hold.context, "worker_uid": hold.worker_uid, "to_ms": self.clock.now_ms}
        self.ledger.post([HoldReleased(**facts, outcome=Outcome.SUCCEEDED)])
        self.live, self.phase = 0, "Succeeded"
        self.clock.now_ms += 1
        self.turn()

    def whole(self, from_ms: int, hours: int) -> None:
        """Run for so many hours, with a turn whenever one is due."""
        self.clock.now_ms, end_ms = from_ms, from_ms + hours * HOUR
        allowed, _, wake_ms = self.turn()
        self.start()
        while allowed and wake_ms < end_ms:
            self.clock.now_ms = wake_ms
            allowed, _, wake_ms = self.turn()
        assert allowed
        self.clock.now_ms = end_ms
        self.end()


def left(ledger: Ledger, from_ms: int, to_ms: int) -> dict[str, tuple[int, int, int]]:
    """Return of each line of the example that jobs draw on what was released, spent, and left of that in a period."""
    names = ["compute-vouchers/north-a100", "compute-vouchers/south-a100", "people-and-money/south-money"]
    with ledger.books() as books:
        rows = books.lines(from_ms, to_ms, names=names)
    spent = {row.line.partition("/")[2]: (row.released, row.expended - row.reversed) for row in rows}
    return {line: (released, amount, released - amount) for line, (released, amount) in spent.items()}


def declare_the_example(ledger: Ledger, clock: Clock) -> None:
    declared = [each for each in objects() if not isinstance(each, TrainingJob)]
    declare(ledger, declared, Declarations.of(declared), clock.now_ms, "the test")


def test_what_is_left_of_the_investments_is_that_of_the_worked_example(ledger: Ledger, clock: Clock) -> None:
    declare_the_example(ledger, clock)
    Run(ledger, clock, "n1", "north", 4, 10 * HOUR).whole(at("2026-11-02"), 100)
    Run(ledger, clock, "n2", "north", 2, 10 * HOUR).whole(at("2026-11-10"), 50)
    Run(ledger, clock, "s1", "south", 2, 10 * HOUR).whole(at("2026-11-26") + 10 * HOUR, 120)
    cny = 1_000_000
    assert left(ledger, 0, NOVEMBER.end_ms) == {
        "north-a100": (600 * HOUR, 500 * HOUR, 100 * HOUR),
        "south-a100": (200 * HOUR, 200 * HOUR, 0),
        "south-money": (10_000 * cny, 20 * 20 * cny, 9_600 * cny),
    }
    assert {line: spent for line, (_, spent, _) in left(ledger, DECEMBER.start_ms, DECEMBER.end_ms).items()} == {
        "north-a100": 0,
        "south-a100": 20 * HOUR,
        "south-money": 0,
    }
    assert ledger.verify() == []


def test_with_a_grace_of_30_seconds_the_example_leaves_the_vouchers_half_a_minute_and_overdraws_the_funds_term(
    ledger: Ledger, clock: Clock
) -> None:
    """Where the grace shows.

    A job asks again a grace before its reservation ends. So the vouchers' last reservation, which can't have a grace
    beyond the 200 hours, is settled 30 seconds early, and what is left of it (2 × 30 seconds) is less than the minute
    and the grace that a reservation takes. From then on money is drawn, by the hour; its last interval in November
    begins 30 seconds before the fund ends. The fund only warns, and a reservation is of a minute and the grace at
    least: that one is settled half a minute after the fund's term, and December's vouchers pay from there.
    """
    declare_the_example(ledger, clock)
    Run(ledger, clock, "s1", "south", 2, HOUR, 30 * SECOND).whole(at("2026-11-26") + 10 * HOUR, 120)
    spare, micros_per_ms = 30 * SECOND, 20_000_000 / HOUR
    november = round(2 * (10 * HOUR + spare) * micros_per_ms)
    december = round(2 * spare * micros_per_ms)
    found = left(ledger, 0, NOVEMBER.end_ms)
    assert found["south-a100"] == (200 * HOUR, 200 * HOUR - 2 * spare, 2 * spare)
    assert abs(found["south-money"][1] - november) <= 1
    found = left(ledger, DECEMBER.start_ms, DECEMBER.end_ms)
    assert found["south-a100"][1] == 20 * HOUR - 2 * spare
    assert abs(found["south-money"][1] - december) <= 1


def test_a_line_by_selector_is_one_pool_that_two_institutions_draw_on_until_it_is_empty(
    ledger: Ledger, clock: Clock
) -> None:
    pool: dict[str, Any] = investment(6)
    pool["spec"]["whenExhausted"] = "Suspend"
    line = {name: value for name, value in pool["spec"]["lines"][0].items() if name != "beneficiary"}
    pool["spec"]["lines"] = [line | {"beneficiarySelector": {"matchLabels": {"country": "CN"}}}]
    both = [institution("north"), institution("south")]
    for each in both:
        each["metadata"]["labels"] = {"country": "CN"}
    accepted = accept([*both, pool], {})
    assert accepted.errors == {}
    keep(ledger, list(accepted.objects.values()), accepted.present, clock.now_ms)
    clock.now_ms = at("2026-11-10")
    north, south = Run(ledger, clock, "n", "north", 2), Run(ledger, clock, "s", "south", 1)
    assert (north.turn()[0], south.turn()[0]) == (True, True)
    north.start()
    south.start()
    clock.now_ms += HOUR
    assert (north.turn()[0], south.turn()[0]) == (True, True)
    clock.now_ms += HOUR
    lacking = "expected funds for {} A100, found too little: grant/gpu has 0.00 accelerator-hours left"
    assert north.turn()[:2] == (False, lacking.format(2))
    assert south.turn()[:2] == (False, lacking.format(1))
    north.end()
    south.end()
    with ledger.books() as books:
        (row,) = books.lines(0, clock.now_ms + 1, names=["grant/gpu"])
        spent = {job: sum(each.amount for each in books.spendings(job)) for job in ("n", "s")}
    assert spent == {"n": 2 * 2 * HOUR, "s": 2 * HOUR + 1}
    assert (row.institution, row.released, row.expended, row.remaining) == (
        "pool:grant/gpu",
        6 * HOUR,
        6 * HOUR + 1,
        -1,
    )
    assert ledger.verify() == []
