"""Before the day of its approval an investment is a proposal; what was due before is released on that day."""

from __future__ import annotations

from copy import deepcopy
from fractions import Fraction
from typing import Any

import pytest

from gap.vessel import A100, DECEMBER, ENGINEER, NOVEMBER, at
from standing.test_declared import objects
from ullage_operator import gap
from ullage_operator.api import Declarations, parse_as
from ullage_operator.api.types import Investment, InvestmentStatus, LineStatus
from ullage_operator.ledger import Award, EntryContext, Expend, Grant, LineRow, Transfer
from ullage_operator.plan.budget import Demand
from ullage_operator.standing import investment_status
from ullage_operator.standing.declared import declared
from ullage_operator.standing.entries import stated
from ullage_operator.standing.funding import sources
from ullage_operator.standing.purchases import purchases

HOUR = 3_600_000
TERM = {"from": "2026-11-01", "to": "2026-12-01"}
IN_KIND = {"id": "gpu", "beneficiary": "north", "channel": "inKind", "resource": "compute", "type": "A100"}
IN_KIND |= {"unit": "acceleratorHours", "amount": 600}
PARTS = [{"date": "2026-11-01", "amount": 100}, {"date": "2026-11-10", "amount": 200}]
IN_PARTS = IN_KIND | {"id": "parts", "instalments": [*PARTS, {"date": "2026-11-25", "amount": 300}]}
COURSE = {"cohort": 5, "hours": 20, "completion": 0.8, "fromRole": "student", "toRole": "engineer"}
PEOPLE = {"beneficiary": "north", "unit": "hours"}
HELP = PEOPLE | {"id": "help", "channel": "collaboration", "amount": 86}
HELP |= {"collaboration": {"partner": "forge", "role": "engineer"}}
AWAY = PEOPLE | {"id": "away", "channel": "exchange", "amount": 43}
AWAY |= {"exchange": {"role": "engineer", "from": "north", "to": "abroad:DE", "departs": "2026-11-09"}}
LEARN = PEOPLE | {"id": "learn", "channel": "education", "amount": 100}
LEARN |= {"education": COURSE | {"completes": "2026-11-10"}}


def investment(*lines: dict[str, Any], approved: str | None = "2026-11-16") -> Investment:
    spec: dict[str, Any] = {"funder": "Ministry", **TERM, "lines": deepcopy([*lines]), "currency": "CNY"}
    spec |= {"priceListRef": {"name": "tariff"}}
    if approved is not None:
        spec["approval"] = {"by": "Board", "date": approved}
    document = {"apiVersion": "ullage.dev/v1alpha1", "kind": "Investment", "metadata": {"name": "grant"}, "spec": spec}
    return parse_as(Investment, document, source="the test")


def beside(given: Investment) -> Declarations:
    """Return it beside the institutions and prices of the example, and nothing else that gives."""
    return Declarations.of([*(each for each in objects() if not isinstance(each, Investment)), given])


def report(given: Investment, period: gap.Period) -> gap.GapReport:
    return gap.gap_report(declared(beside(given), gap.published()).inputs, period)


def released(given: Investment, days: int) -> Fraction:
    """Return F of north in the first days of November."""
    period = gap.Period(NOVEMBER.start_ms, NOVEMBER.start_ms + days * 24 * HOUR)
    rows = [row for row in report(given, period).rows if (row.institution, row.subject) == ("north", A100)]
    return rows[0].granted.value


@pytest.mark.parametrize(
    ("approved", "evenly", "in_parts"),
    [
        ("2026-10-12", [300, 400, 600], [300, 300, 600]),
        ("2026-11-16", [0, 200, 600], [0, 300, 600]),
        ("2026-11-30", [0, 0, 600], [0, 0, 600]),
        ("2026-12-01", [0, 0, 0], [0, 0, 0]),
        (None, [0, 0, 0], [0, 0, 0]),
    ],
)
def test_what_is_given_in_kind_is_released_from_the_approval_on(
    approved: str | None, evenly: list[int], in_parts: list[int]
) -> None:
    days = (15, 20, 30)
    assert [released(investment(IN_KIND, approved=approved), each) for each in days] == evenly
    assert [released(investment(IN_PARTS, approved=approved), each) for each in days] == in_parts


def test_people_move_and_learn_from_the_approval_on() -> None:
    given = investment(HELP, AWAY, LEARN)
    first_half = gap.Period(NOVEMBER.start_ms, at("2026-11-16"))
    before, whole = report(given, first_half), report(given, NOVEMBER)
    assert (before.row("north", ENGINEER).moved.value, before.courses) == (0, ())
    # Four complete on the day of the approval, and are engineers for half a month.
    engineers = Fraction(4 * 1720, 12 * 2)
    assert whole.row("north", ENGINEER).moved.value == 86 - 43 + engineers
    assert [(each.learner_hours, each.completes_ms) for each in whole.courses] == [(100, at("2026-11-16"))]


def test_its_entries_are_dated_from_the_approval_on() -> None:
    given = investment(IN_KIND, IN_PARTS, AWAY)
    found = stated(given, beside(given), 0)
    told = [
        (type(each).__name__, each.amount // HOUR if isinstance(each, Award | Grant) else each.seconds, each.from_ms)
        for each in found
        if isinstance(each, Award | Grant | Transfer)
    ]
    day = at("2026-11-16")
    assert told == [
        ("Award", 600, day),
        ("Grant", 600, day),
        ("Award", 600, day),
        ("Grant", 300, day),
        ("Grant", 300, at("2026-11-25")),
        ("Award", 0, day),
        ("Transfer", 43 * 3600, day),
        ("Transfer", 0, NOVEMBER.end_ms),
    ]
    late = investment(IN_KIND, approved="2026-12-01")
    assert stated(late, beside(late), 0) == []


def test_a_job_may_draw_on_it_from_the_approval_on() -> None:
    job = EntryContext(job_uid="uid-of-job", namespace="north", job="j", institution="north")

    def opens(approved: str) -> list[int]:
        declarations = beside(investment(IN_KIND, approved=approved))
        found = sources(declarations, job, Demand(1, "A100"), NOVEMBER.start_ms, {})
        return [each.line.start_ms for each in found]

    assert [opens(day) for day in ("2026-10-12", "2026-11-16", "2026-12-01")] == [
        [NOVEMBER.start_ms],
        [at("2026-11-16")],
        [],
    ]


def test_machines_are_bought_with_it_no_sooner_than_it_is_approved() -> None:
    money = {"id": "fund", "beneficiary": "south", "channel": "money", "unit": "CNY", "amount": 9000}
    declarations = beside(investment(money))
    bought = {"name": "grant", "line": "fund", "cost": 5000}
    machines = {"type": "A100", "count": 1, "from": "2026-11-05", "acquiredBy": bought}
    (south,) = [each for each in declarations.institutions if each.spec.id == "south"]
    holds = type(south.spec.holds).model_validate({"accelerators": [machines]})
    buyer = south.model_copy(update={"spec": south.spec.model_copy(update={"holds": holds})})
    (entry,) = purchases(Declarations.of([buyer, *declarations.investments]))
    assert isinstance(entry, Expend)
    assert (entry.from_ms, entry.amount) == (at("2026-11-16"), 5_000_000_000)


def test_its_status_says_that_it_is_a_proposal_until_then() -> None:
    given = investment(IN_KIND)
    row = LineRow(
        line="grant/gpu",
        institution="north",
        channel="inKind",
        resource="compute",
        resource_type="A100",
        unit="accelerator-ms",
        currency=None,
        from_ms=at("2026-11-16"),
        to_ms=DECEMBER.start_ms,
        awarded=600 * HOUR,
        released=0,
        reserved=0,
        expended=0,
        reversed=0,
    )
    before = investment_status(InvestmentStatus(), given, [row], at("2026-11-15"))
    assert (before.phase.value, before.message, before.lines) == (
        "Proposed",
        "waits for its approval on 2026-11-16; nothing of it is awarded",
        [LineStatus(id="gpu", unit="acceleratorHours")],
    )
    since = investment_status(InvestmentStatus(), given, [row], at("2026-11-16"))
    assert (since.phase.value, since.lines[0].awarded) == ("Active", 600)


def test_an_amount_in_full_time_equivalents_keeps_its_instalments() -> None:
    line = {"id": "fte", "beneficiary": "north", "channel": "inKind", "resource": "talent", "type": "engineer"}
    line |= {"unit": "fte", "amount": 3, "instalments": [{"date": "2026-11-01", "amount": 1}]}
    line["instalments"].append({"date": "2026-11-20", "amount": 2})
    given = investment(line, approved="2026-10-12")
    first_half = gap.Period(NOVEMBER.start_ms, at("2026-11-16"))
    month = Fraction(1720, 12)
    found = [report(given, each).row("north", ENGINEER).granted.value for each in (first_half, NOVEMBER)]
    assert found == [month, 3 * month]
    grants = [each.amount for each in stated(given, beside(given), 0) if isinstance(each, Grant)]
    assert grants == [round(month * 3600), round(2 * month * 3600)]
