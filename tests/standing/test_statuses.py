"""What is written to the status of institutions and investments."""

from __future__ import annotations

from dataclasses import replace

from gap.vessel import NOVEMBER, at
from standing.test_declared import objects, report
from ullage_operator.api import Investment
from ullage_operator.api.types import InstitutionStatus, InvestmentPhase, InvestmentStatus, LineStatus
from ullage_operator.ledger import LineRow
from ullage_operator.standing import institution_status, investment_status, thresholds

HOUR = 3_600_000
VOUCHERS = next(each for each in objects() if isinstance(each, Investment) and each.metadata.name == "compute-vouchers")
PEOPLE = next(each for each in objects() if isinstance(each, Investment) and each.metadata.name == "people-and-money")
ROW = LineRow(
    line="compute-vouchers/north-a100",
    institution="north",
    channel="inKind",
    resource="compute",
    resource_type="A100",
    unit="accelerator-ms",
    currency=None,
    from_ms=NOVEMBER.start_ms,
    to_ms=at("2027-01-01"),
    awarded=1200 * HOUR,
    released=600 * HOUR,
    reserved=10 * HOUR,
    expended=520 * HOUR,
    reversed=20 * HOUR,
)


def test_an_institution_is_told_each_resource_and_its_bottleneck() -> None:
    status = institution_status(InstitutionStatus(), "south", report())
    told = status.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    assert (told["period"], told["bottleneck"], round(told["coverage"], 2)) == (
        {"label": "2026-11", "from": "2026-11-01", "to": "2026-12-01"},
        "talent engineer",
        0.7,
    )
    assert told["resources"][0] == {
        "resource": "compute",
        "type": "A100",
        "unit": "acceleratorHours",
        "required": 1000.0,
        "own": 540.0,
        "granted": 200.0,
        "supply": 740.0,
        "gap": 260.0,
        "coverage": 0.74,
        "provenance": "declared",
        "missing": [
            "A on own machines: no books tell what some of them were used for; import their usage",
            "A and U: no books were read",
        ],
    }


def test_people_who_moved_are_told_apart_from_those_that_an_institution_has() -> None:
    status = institution_status(InstitutionStatus(), "north", report())
    told = {each.type: (each.own, each.granted, each.moved, each.supply) for each in status.resources}
    assert told["engineer"] == (430, 0, -43, 387)
    assert (told["A100"], told["text"]) == ((0, 600, None, 600), (48e9, 0, None, 48e9))


def test_an_investment_is_told_what_has_become_of_each_line() -> None:
    now_ms = at("2026-12-02")
    status = investment_status(InvestmentStatus(), VOUCHERS, [ROW], now_ms)
    assert status == InvestmentStatus(
        phase=InvestmentPhase.ACTIVE,
        message="ends on 2027-01-01",
        spent_text="83%",
        lines=[
            LineStatus(
                id="north-a100",
                unit="acceleratorHours",
                awarded=1200,
                released=600,
                reserved=10,
                expended=500,
                reversed=20,
                remaining=90,
                forecast=500 * 61 / 31,
            ),
            LineStatus(id="south-a100", unit="acceleratorHours"),
        ],
        as_of="2026-12-02T00:00:00Z",
    )


def test_of_lines_of_people_the_hours_are_told_that_were_delivered_or_moved_by_now() -> None:
    rows = [
        replace(
            ROW,
            line=f"people-and-money/{line.id}",
            channel=line.channel.value,
            unit="seconds",
            awarded=round(line.amount * 3600),
            released=0,
            reserved=0,
            expended=0,
            reversed=0,
        )
        for line in PEOPLE.spec.lines[1:]
    ]

    def told(day: str) -> list[tuple[str, float | None, float | None]]:
        status = investment_status(InvestmentStatus(), PEOPLE, rows, at(day))
        return [(line.id, line.awarded, line.released) for line in status.lines[1:]]

    assert [told(day) for day in ("2026-11-01", "2026-11-16", "2026-12-20")] == [
        [("forge-helps-south", 86, 0), ("north-abroad", 43, 0), ("north-course", 100, 0)],
        # Half of the month, and seven of the nine days abroad.
        [("forge-helps-south", 86, 43), ("north-abroad", 43, 43 * 7 / 9), ("north-course", 100, 50)],
        [("forge-helps-south", 86, 86), ("north-abroad", 43, 43), ("north-course", 100, 100)],
    ]


def test_an_investment_is_proposed_pending_active_exhausted_and_ended() -> None:
    proposed = VOUCHERS.model_copy(update={"spec": VOUCHERS.spec.model_copy(update={"approval": None})})
    spent = replace(ROW, expended=1000 * HOUR)
    found = [
        investment_status(InvestmentStatus(), each, [row], now_ms).phase.value
        for each, row, now_ms in (
            (proposed, ROW, at("2026-11-02")),
            (VOUCHERS, ROW, at("2026-10-02")),
            (VOUCHERS, ROW, at("2026-10-20")),
            (VOUCHERS, ROW, at("2026-11-02")),
            (VOUCHERS, spent, at("2026-11-02")),
            (VOUCHERS, ROW, at("2027-01-01")),
        )
    ]
    assert found == ["Proposed", "Proposed", "Pending", "Active", "Exhausted", "Ended"]


def test_a_threshold_is_told_when_it_is_passed_and_not_again() -> None:
    def spent(hours: int) -> InvestmentStatus:
        row = replace(ROW, expended=(hours + 20) * HOUR)
        return investment_status(InvestmentStatus(), VOUCHERS, [row], at("2026-11-02"))

    passed = ["compute-vouchers/north-a100: 80% of what is released is spent, which is 80% or more"]
    assert thresholds(VOUCHERS, spent(479), spent(480)) == passed
    assert thresholds(VOUCHERS, spent(480), spent(490)) == []
    # Passed before the first status was ever written, or while no operator was there.
    assert thresholds(VOUCHERS, InvestmentStatus(), spent(480)) == passed
