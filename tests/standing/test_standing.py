"""The specification's worked example, from manifests and entries in the books to figures."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from gap.vessel import A100, DECEMBER, NOVEMBER, at
from standing.clock import Clock
from standing.test_declared import objects
from standing.test_keep import institution
from ullage_operator import gap
from ullage_operator.api import Declarations
from ullage_operator.api.types import Institution, TrainingJob
from ullage_operator.ledger import (
    Activity,
    EntryContext,
    HoldOpened,
    HoldReleased,
    Import,
    Ledger,
    Outcome,
    estimate,
)
from ullage_operator.standing import declare, standing
from ullage_trainer.config import Stage, Usage

HOUR = 3_600_000
KINDS = {"nvidia.com/gpu": "A100"}


@pytest.fixture
def clock() -> Clock:
    return Clock(at("2026-10-31"))


def run(
    ledger: Ledger,
    institution: str,
    name: str,
    accelerators: int,
    start_ms: int,
    hours: int,
    share: float | None,
    *,
    own: bool | None = None,
) -> None:
    """Post a worker that held accelerators for so many hours; its activity is known, or not."""
    context = EntryContext(job_uid=name, namespace=institution, job=name, institution=institution)
    facts = {"context": context, "worker_uid": f"uid-{name}"}
    hold = HoldOpened(
        **facts,
        stage=Stage.TRAIN,
        attempt=1,
        index=0,
        slots=accelerators,
        accelerators=accelerators,
        accelerator_type="nvidia.com/gpu",
        cpu_millis=1000,
        memory_mib=1024,
        from_ms=start_ms,
        own_machines=own,
    )
    end_ms, held_ms = start_ms + hours * HOUR, accelerators * hours * HOUR
    usage = Usage(wall_ms=hours * HOUR, cpu_ms=1000, peak_memory_bytes=1 << 20)
    if share is not None:
        usage = usage.model_copy(update={"gpu_ms": held_ms, "gpu_active_ms": round(share * held_ms)})
    energy = estimate(1000, 1 << 30, hours * HOUR, gpu_joules=None, accelerators=accelerators)
    used = Activity(**facts, from_ms=start_ms, to_ms=end_ms, usage=usage, energy=energy)
    ledger.post([hold, used, HoldReleased(**facts, to_ms=end_ms, outcome=Outcome.SUCCEEDED)])


def declare_all(ledger: Ledger, now_ms: int) -> int:
    declared = [each for each in objects() if not isinstance(each, TrainingJob)]
    return declare(ledger, declared, Declarations.of(declared), now_ms, "the test")


def measured(ledger: Ledger, period: gap.Period) -> gap.GapReport:
    with ledger.books() as books:
        found = standing(books, period, gap.published(), KINDS)
    assert found.unknown == ()
    return found.report


def test_the_worked_example_comes_out_of_the_books(ledger: Ledger, clock: Clock) -> None:
    assert declare_all(ledger, clock.now_ms) == 8
    run(ledger, "north", "n1", 4, at("2026-11-02"), 100, 0.75)
    run(ledger, "north", "n2", 2, at("2026-11-10"), 50, None)
    run(ledger, "south", "s1", 2, at("2026-11-26") + 10 * HOUR, 120, 0.5)
    clock.now_ms = at("2027-01-02")
    report = measured(ledger, NOVEMBER)
    figures = {
        name: (row.usage.allocated.value, row.usage.measured.value, row.usage.used and row.usage.used.value)
        for name in ("north", "south", "forge")
        if (row := report.row(name, A100)).usage.allocated is not None and row.usage.measured is not None
    }
    assert figures == {"north": (500, 400, 300), "south": (220, 220, 110), "forge": (0, 0, None)}
    assert [report.row(name, A100).supply.value for name in ("north", "south", "forge")] == [600, 740, 2160]
    own = [report.row(name, A100).own_allocated for name in ("north", "south", "forge")]
    assert [figure and figure.value for figure in own] == [0, None, None]
    assert (report.bottlenecks["south"].subject.type, report.money["north", "CNY"].net.value) == ("engineer", 169_900)
    december = measured(ledger, DECEMBER).row("south", A100).usage
    assert december.allocated is not None
    assert december.allocated.value == 20
    assert ledger.verify() == []


def owner(name: str, **machines: Any) -> Institution:
    held = {"type": "A100", "count": 4, "from": "2026-01-01"} | machines
    return Institution.model_validate(institution(name, holds={"accelerators": [held]}))


def own_hours(ledger: Ledger, name: str, period: gap.Period = NOVEMBER) -> Fraction | None:
    figure = measured(ledger, period).row(name, A100).own_allocated
    return None if figure is None else figure.value


def test_what_was_held_on_own_machines_in_the_cluster_is_their_sum_and_unknown_where_one_was_not_seen(
    ledger: Ledger, clock: Clock
) -> None:
    everyone = [owner("north", nodeSelector={"owner": "north"}), owner("south")]
    declare(ledger, everyone, Declarations.of(everyone), clock.now_ms, "the test")
    run(ledger, "north", "n1", 4, at("2026-11-02"), 100, None, own=True)
    run(ledger, "north", "n2", 2, at("2026-11-10"), 50, None, own=False)
    run(ledger, "south", "s1", 2, at("2026-11-10"), 50, None, own=False)
    clock.now_ms = at("2027-01-02")
    assert (own_hours(ledger, "north"), own_hours(ledger, "south")) == (400, None)
    run(ledger, "north", "n3", 2, at("2026-12-02"), 50, None)
    assert (own_hours(ledger, "north"), own_hours(ledger, "north", DECEMBER)) == (400, None)


def test_of_own_machines_elsewhere_an_import_of_their_usage_tells(ledger: Ledger, clock: Clock) -> None:
    everyone = [owner("south")]
    declare(ledger, everyone, Declarations.of(everyone), clock.now_ms, "the test")
    ledger.post(
        [
            Import(
                institution="south",
                scope="campus",
                external_id="1",
                accelerators=3,
                accelerator_type="A100",
                cpu_millis=0,
                from_ms=at("2026-11-02"),
                to_ms=at("2026-11-02") + 10 * HOUR,
            )
        ]
    )
    run(ledger, "south", "s1", 2, at("2026-11-10"), 50, None, own=False)
    assert own_hours(ledger, "south") == 30


def test_declaring_the_same_again_changes_nothing(ledger: Ledger, clock: Clock) -> None:
    declare_all(ledger, clock.now_ms)
    clock.now_ms += HOUR
    with ledger.books() as books:
        before = books.last_sequence()
    assert declare_all(ledger, clock.now_ms) == 0
    with ledger.books() as books:
        assert books.last_sequence() == before


def test_people_are_conserved_over_all_accounts(ledger: Ledger, clock: Clock) -> None:
    declare_all(ledger, clock.now_ms)
    with ledger.books() as books:
        balances = books.balances(NOVEMBER.start_ms, DECEMBER.end_ms)
    assert sum(row.headcount_thousandths for row in balances) == 0
    assert sum(Fraction(row.seconds) for row in balances) == 0
