"""What was withdrawn in the middle of a period counts in it until then."""

from __future__ import annotations

from fractions import Fraction

import pytest

from gap.vessel import A100, DECEMBER, ENGINEER, NOVEMBER, TEXT, G, at
from standing.clock import Clock
from standing.test_standing import KINDS, declare_all, measured, run
from ullage_operator import gap
from ullage_operator.ledger import Ledger
from ullage_operator.standing import declarations_of, standing, withdraw


@pytest.fixture
def clock() -> Clock:
    return Clock(at("2026-10-31"))


@pytest.fixture
def books(ledger: Ledger, clock: Clock) -> Ledger:
    """Books in which the worked example is declared."""
    declare_all(ledger, clock.now_ms)
    return ledger


def test_an_investment_that_is_withdrawn_gave_what_was_released_until_then(books: Ledger) -> None:
    withdraw(books, "Investment", "compute-vouchers", at("2026-11-10"), "the test")
    assert [measured(books, NOVEMBER).row(name, A100).granted.value for name in ("north", "south")] == [600, 200]
    assert [measured(books, DECEMBER).row("south", A100).granted.value] == [0]


def test_money_and_people_of_an_investment_that_is_withdrawn_are_prorated(books: Ledger) -> None:
    withdraw(books, "Investment", "people-and-money", at("2026-11-16"), "the test")
    report = measured(books, NOVEMBER)
    # 43 h abroad in the nine days from 9 November, of which seven are before.
    assert [report.row(name, ENGINEER).moved.value for name in ("north", "south", "forge")] == [
        Fraction(-43 * 7, 9),
        43,
        -43,
    ]
    assert report.money["south", "CNY"].awarded.value == 5000
    assert [(each.learner_hours, each.completers) for each in report.courses] == [(50, 0)]


def test_an_institution_that_is_withdrawn_needs_and_has_until_then_and_keeps_what_it_held(books: Ledger) -> None:
    run(books, "south", "s1", 2, at("2026-11-10"), 20, 0.5)
    withdraw(books, "Institution", "south", at("2026-11-16"), "the test")
    report = measured(books, NOVEMBER)
    row = report.row("south", A100)
    assert row.required is not None
    assert row.usage.allocated is not None
    # K is half of 540 h; the voucher's 200 h were released on the first day.
    assert (row.required.value, row.own.value, row.granted.value, row.usage.allocated.value) == (500, 270, 200, 40)
    # All five need 7,600 h, of which south's 1,000 end half way.
    total = report.total(A100)
    assert total.required is not None
    assert total.usage.allocated is not None
    assert (total.required.value, total.usage.allocated.value) == (7100, 40)
    # Data is a stock: at the period's end nothing is shared with it, and its need has ended.
    data = report.row("south", TEXT)
    assert (data.required, data.supply.value, data.need_ended_ms) == (None, 0, at("2026-11-16"))
    whole = gap.Period(at("2026-10-01"), DECEMBER.end_ms)
    with books.books() as opened:
        inputs = standing(opened, whole, gap.published(), KINDS).inputs
    south = [month.row("south", TEXT).supply.value for month in gap.trend(inputs, whole)[:2]]
    assert south == [48 * G, 0]
    assert "south" not in {each.id for each in measured(books, DECEMBER).institutions}


def test_a_price_list_that_is_withdrawn_has_no_prices_at_the_period_s_end_and_had_them_before(books: Ledger) -> None:
    withdraw(books, "PriceList", "tariff", at("2026-11-16"), "the test")
    assert measured(books, NOVEMBER).money["north", "CNY"].gross.value == 0
    first_half = gap.Period(NOVEMBER.start_ms, at("2026-11-16"))
    assert measured(books, first_half).money["north", "CNY"].gross.value > 0


def test_what_is_declared_at_an_instant_is_what_applies_then(books: Ledger) -> None:
    end_ms = at("2026-11-16")
    withdraw(books, "Investment", "compute-vouchers", end_ms, "the test")
    with books.books() as opened:
        names = [
            [each.metadata.name for each in declarations_of(opened, gap.Period(at_ms, at_ms + 1)).investments]
            for at_ms in (end_ms - 1, end_ms)
        ]
    assert names == [["compute-vouchers", "people-and-money"], ["people-and-money"]]
