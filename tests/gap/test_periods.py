"""Periods, releases and needs of operations."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from gap.vessel import A100, BOTH, DECEMBER, FLOP, NORTH_HOURS, NOVEMBER, at, figure
from ullage_operator.gap import (
    Efficiency,
    Instalment,
    Period,
    Release,
    Resource,
    Subject,
    Term,
    Unit,
    accelerator_hours,
    estimated,
    fte_hours,
    months,
    months_before,
)


def test_a_period_is_cut_into_calendar_months() -> None:
    period = Period(at("2026-11-16"), at("2027-01-02"))
    assert months(period) == [
        Period(at("2026-11-16"), at("2026-12-01")),
        DECEMBER,
        Period(at("2027-01-01"), at("2027-01-02")),
    ]
    assert period.months == Fraction(1, 2) + 1 + Fraction(1, 31)
    assert (NOVEMBER.hours, BOTH.months) == (720, 2)


def test_the_months_before_a_period_are_whole_and_end_where_its_own_begins() -> None:
    starts = ("2026-09-01", "2026-10-01", "2026-11-01")
    wanted = [Period(at(start), at(end)) for start, end in pairwise(starts)]
    assert months_before(NOVEMBER, 2) == wanted
    assert months_before(Period(at("2026-11-20"), at("2026-12-20")), 2) == wanted
    assert months_before(NOVEMBER, 0) == []
    assert months_before(Period(at("1970-02-01"), at("1970-03-01")), 12) == [Period(0, at("1970-02-01"))]


def test_a_period_holds_its_start_and_not_its_end() -> None:
    assert (NOVEMBER.start_ms in NOVEMBER, NOVEMBER.end_ms in NOVEMBER) == (True, False)
    assert Term(NOVEMBER.start_ms, NOVEMBER.end_ms).at_end_of(NOVEMBER)
    assert not Term(NOVEMBER.end_ms).at_end_of(NOVEMBER)


def test_periods_that_end_before_they_start_are_refused() -> None:
    for kind in (Period, Term):
        with pytest.raises(ValueError, match="expected an end after 5 ms, found 5 ms"):
            kind(5, 5)


def test_an_amount_is_released_by_time_or_by_instalments() -> None:
    evenly = Release(figure(610), BOTH)
    assert (evenly.within(NOVEMBER), evenly.within(DECEMBER)) == (figure(300), figure(310))
    late = Release(figure(610), BOTH, (Instalment(DECEMBER.start_ms, Fraction(610)),))
    assert (late.within(NOVEMBER), late.within(DECEMBER)) == (figure(0), figure(610))


def test_of_a_stock_all_that_is_released_can_be_used_until_the_term_ends() -> None:
    parts = (Instalment(NOVEMBER.start_ms, Fraction(4)), Instalment(DECEMBER.start_ms, Fraction(6)))
    stock = Release(figure(10), BOTH, parts)
    moments = (NOVEMBER.start_ms, NOVEMBER.end_ms, DECEMBER.end_ms, DECEMBER.end_ms + 1)
    assert [stock.stock(moment).value for moment in moments] == [0, 4, 10, 0]


def test_instalments_add_up_and_nothing_is_negative() -> None:
    with pytest.raises(ValueError, match="expected instalments that add up to 10, found 9"):
        Release(figure(10), BOTH, (Instalment(0, Fraction(9)),))
    with pytest.raises(ValueError, match="expected amounts of 0 or more"):
        Release(figure(-1), BOTH)


def test_hours_follow_from_operations_peak_and_utilisation() -> None:
    assert Fraction("898.56e18") == FLOP
    assert figure(2000) == NORTH_HOURS
    twice = Efficiency(Fraction(312 * 10**12), Fraction(2, 5), Fraction(3, 2), runs=2)
    between = estimated(Fraction(FLOP), Fraction(FLOP) / 2, Fraction(FLOP) * 2)
    assert accelerator_hours(between, twice) == estimated(Fraction(6000), Fraction(3000), Fraction(12_000))


def test_an_efficiency_that_cannot_be_is_refused_with_all_that_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"peak_flop_per_second: .*; mfu: .*found 2; overhead: .*; runs: .*found 0"):
        Efficiency(Fraction(0), Fraction(2), Fraction(1, 2), runs=0)


def test_a_resource_is_counted_in_its_own_units() -> None:
    assert str(A100) == "compute A100"
    assert fte_hours(Fraction(3), NOVEMBER) == 430
    with pytest.raises(ValueError, match="data text: expected a unit of tokens or samples or bytes, found hours"):
        Subject(Resource.DATA, "text", Unit.HOURS)
