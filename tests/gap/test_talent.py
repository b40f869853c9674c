"""People by double entry."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gap.vessel import DECEMBER, NOVEMBER, at
from ullage_operator.gap import (
    Account,
    Course,
    Operation,
    Period,
    Staff,
    Term,
    Transfer,
    collaboration,
    exchange,
    headcount_moved,
    hours_moved,
    is_boundary,
)

DAY_MS = 86_400_000
HOLDERS = st.sampled_from(["north", "south", "forge", "abroad:DE", "abroad:US", "recruits", "departures", "training"])
ACCOUNTS = st.builds(Account, HOLDERS, st.sampled_from(["engineer", "technician"]))
TERMS = st.tuples(st.integers(0, 400), st.integers(1, 400)).map(
    lambda drawn: Term(NOVEMBER.start_ms + drawn[0] * DAY_MS, NOVEMBER.start_ms + sum(drawn) * DAY_MS)
)
TRANSFERS = st.lists(
    st.builds(
        Transfer,
        operation=st.sampled_from(Operation),
        debit=ACCOUNTS,
        credit=ACCOUNTS.map(lambda account: Account(account.holder, f"senior {account.role}")),
        term=TERMS,
        headcount=st.integers(0, 20),
        hours=st.integers(0, 5000).map(Fraction),
        hours_per_year=st.integers(0, 5000).map(Fraction),
    ),
    max_size=8,
)


@given(TRANSFERS, st.integers(0, 800), st.integers(1, 800))
def test_hours_and_people_of_all_accounts_sum_to_zero_whatever_moves(
    transfers: list[Transfer], start: int, days: int
) -> None:
    start_ms = NOVEMBER.start_ms + start * DAY_MS
    period = Period(start_ms, start_ms + days * DAY_MS)
    assert sum(hours_moved(transfers, period).values()) == 0
    assert sum(headcount_moved(transfers, period.end_ms).values()) == 0


@settings(deadline=None)  # Up to 27 calendar months for each transfer.
@given(TRANSFERS, st.integers(1, 799))
def test_the_hours_of_adjacent_periods_sum_to_those_of_the_whole(transfers: list[Transfer], days: int) -> None:
    start_ms, end_ms = NOVEMBER.start_ms, NOVEMBER.start_ms + 800 * DAY_MS
    middle_ms = start_ms + days * DAY_MS
    first, second = (hours_moved(transfers, each) for each in (Period(start_ms, middle_ms), Period(middle_ms, end_ms)))
    whole = hours_moved(transfers, Period(start_ms, end_ms))
    accounts = {*first, *second, *whole}
    assert {each: first.get(each, 0) + second.get(each, 0) for each in accounts} == {
        each: whole.get(each, 0) for each in accounts
    }


def test_collaboration_moves_hours_for_the_term_and_nobody() -> None:
    found = collaboration("forge", "south", "engineer", Fraction(86), NOVEMBER)
    assert hours_moved(found, NOVEMBER) == {Account("forge", "engineer"): -86, Account("south", "engineer"): 86}
    assert (hours_moved(found, DECEMBER), headcount_moved(found, NOVEMBER.end_ms)) == ({}, {})


def test_those_who_are_exchanged_come_back_on_the_day_that_is_set() -> None:
    term = Period(at("2026-11-03"), at("2026-11-12"))
    found = exchange("north", "abroad:DE", "engineer", 2, Fraction(86), term)
    home, away = Account("north", "engineer"), Account("abroad:DE", "engineer")
    assert headcount_moved(found, term.start_ms) == {home: -2, away: 2}
    assert headcount_moved(found, term.end_ms) == {home: 0, away: 0}
    assert hours_moved(found, NOVEMBER) == {home: -86, away: 86}


def test_not_returning_is_a_departure() -> None:
    term = Period(at("2026-11-03"), at("2026-11-12"))
    found = exchange("north", "abroad:DE", "engineer", 1, Fraction(43), term, returns=False)
    assert found[1].operation is Operation.DEPARTURE
    assert headcount_moved(found, term.end_ms) == {
        Account("north", "engineer"): -1,
        Account("abroad:DE", "engineer"): 0,
        Account("departures", "engineer"): 1,
    }


def test_those_who_complete_change_role_in_whole_people_from_the_day_of_completion() -> None:
    course = Course("north", 5, Fraction(20), Fraction(7, 10), NOVEMBER, "technician", "engineer", at("2026-12-17"))
    (found,) = course.transfers()
    before, after = Account("north", "technician"), Account("north", "engineer")
    assert (course.completers, headcount_moved([found], at("2026-12-17"))) == (3, {before: -3, after: 3})
    # From 17 December on, 15 of its 31 days, a month being a twelfth of 1720 h.
    assert hours_moved([found], DECEMBER)[after] == 3 * Fraction(1720, 12) * Fraction(15, 31)
    assert Course("north", 1, Fraction(9), Fraction(1, 2), NOVEMBER, "a", "b", NOVEMBER.end_ms).transfers() == ()


def test_staff_work_a_twelfth_of_their_year_in_every_month() -> None:
    staff = Staff("north", "engineer", 2, Term(0))
    assert staff.hours(NOVEMBER).value == staff.hours(DECEMBER).value == 2 * Fraction(1720, 12)
    assert staff.hours(Period(at("2026-01-01"), at("2027-01-01"))).value == 3440


def test_only_institutions_are_no_boundary() -> None:
    names = ["north", "abroad:DE", "recruits", "departures", "training"]
    assert [name for name in names if not is_boundary(name)] == ["north"]


def test_a_transfer_needs_two_accounts_and_an_end_of_what_is_spread() -> None:
    one, other = Account("north", "engineer"), Account("south", "engineer")
    with pytest.raises(ValueError, match="expected two accounts"):
        Transfer(Operation.EXCHANGE, one, one, Term(0))
    with pytest.raises(ValueError, match="expected headcount and hours of 0 or more, found -1, 0, 0"):
        Transfer(Operation.EXCHANGE, one, other, Term(0), headcount=-1)
    with pytest.raises(ValueError, match="expected an end of the term that 5 h are spread over"):
        Transfer(Operation.EXCHANGE, one, other, Term(0), hours=Fraction(5))
