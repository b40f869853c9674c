"""What ends before its time counts until then: before that instant all as it was, from it on nothing."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from gap.vessel import A100, ENGINEER, NOVEMBER, TEXT, at, figure, needs
from ullage_operator.gap import (
    Award,
    Course,
    DataAsset,
    Grant,
    Instalment,
    OwnCapacity,
    Period,
    Price,
    Release,
    Staff,
    Term,
    collaboration,
    price_at,
)

HOUR = 3_600_000
days = st.integers(0, 40).map(lambda day: NOVEMBER.start_ms + (day - 5) * 24 * HOUR)
periods = st.tuples(days, days).filter(lambda pair: pair[0] < pair[1]).map(lambda pair: Period(*pair))
evenly = st.builds(lambda amount, term: Release(figure(amount), term), st.integers(0, 1000), periods)


@st.composite
def in_parts(draw: st.DrawFn) -> Release:
    term = draw(periods)
    found = draw(st.lists(st.tuples(st.integers(term.start_ms, term.end_ms - 1), st.integers(0, 100)), min_size=1))
    parts = tuple(Instalment(at_ms, Fraction(amount)) for at_ms, amount in found)
    return Release(figure(sum(amount for _, amount in found)), term, parts)


@given(st.one_of(evenly, in_parts()), days, periods)
def test_of_a_release_that_ends_early_what_is_released_before_that_stays(
    release: Release, end_ms: int, period: Period
) -> None:
    ended, before = release.until(end_ms), period.until(end_ms)
    kept = Fraction(0) if ended is None else ended.within(period).value
    assert kept == (Fraction(0) if before is None else release.within(before).value)


@given(periods, days, periods)
def test_machines_people_needs_and_hours_that_move_end_with_what_declares_them(
    term: Period, end_ms: int, period: Period
) -> None:
    open_term, before = Term(term.start_ms, term.end_ms), period.until(end_ms)
    machines = OwnCapacity("north", A100, 3, Fraction(3, 4), open_term)
    people = Staff("north", "engineer", 2, open_term)
    (hours,) = collaboration("forge", "north", "engineer", Fraction(86), term)
    ended = machines.until(end_ms), people.until(end_ms), hours.until(end_ms)
    assert [
        Fraction(0) if ended[0] is None else ended[0].hours(period).value,
        Fraction(0) if ended[1] is None else ended[1].hours(period).value,
        Fraction(0) if ended[2] is None else ended[2].moved(period),
    ] == (
        [Fraction(0)] * 3
        if before is None
        else [machines.hours(before).value, people.hours(before).value, hours.moved(before)]
    )


def test_a_need_of_hours_is_prorated_and_one_of_data_is_a_stock() -> None:
    half = at("2026-11-16")
    first_half = Period(NOVEMBER.start_ms, half)
    hours, data = needs("north", A100, figure(2000)), needs("north", TEXT, figure(40))
    assert hours.until(half) == replace(hours, amount=figure(1000), period=first_half)
    assert data.until(half) == replace(data, period=first_half)
    assert replace(hours, amount=None).until(half) == replace(hours, amount=None, period=first_half)
    assert hours.until(NOVEMBER.start_ms) is None


def test_of_a_course_that_ends_early_the_hours_until_then_are_delivered_and_nobody_completes_later() -> None:
    course = Course("north", 5, Fraction(20), Fraction(4, 5), NOVEMBER, "student", "engineer", at("2026-11-20"))
    early, late = course.until(at("2026-11-16")), course.until(at("2026-11-21"))
    assert early is not None
    assert late is not None
    assert (early.learner_hours(NOVEMBER), early.completers, early.transfers()) == (50, 0, ())
    assert (late.learner_hours(NOVEMBER), late.completers) == (Fraction(200, 3), 4)
    assert course.until(NOVEMBER.start_ms) is None


def test_grants_awards_data_and_prices_end_too() -> None:
    half, alone = at("2026-11-16"), frozenset({"north"})
    release = Release(figure(600), NOVEMBER)
    ended = Release(figure(300), Period(NOVEMBER.start_ms, half))
    grant, award = Grant("v/n", alone, A100, release), Award("v/m", alone, "CNY", release)
    assert (grant.until(half), award.until(half)) == (replace(grant, release=ended), replace(award, release=ended))
    asset = DataAsset("corpus", "north", TEXT, Fraction(60))
    assert asset.until(half) == replace(asset, term=Term(0, half))
    price = Price(ENGINEER, "CNY", Fraction(300), NOVEMBER.start_ms, "survey").until(half)
    assert price is not None
    assert [price_at([price], ENGINEER, "CNY", at_ms) for at_ms in (half, half + 1)] == [price, None]
    assert [each.until(0) for each in (grant, award, asset, price)] == [None, None, None, None]
