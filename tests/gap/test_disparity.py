"""Gini, Theil and Lorenz: vectors, and what holds of every spread."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ullage_operator.gap import Share, disparity
from ullage_operator.gap.disparity import gini, lorenz, theil, theil_parts

SHARES = st.lists(
    st.builds(
        Share,
        name=st.just("unit"),
        amount=st.integers(0, 12_000).map(lambda twelfths: Fraction(twelfths, 12)),
        weight=st.integers(1, 1200).map(lambda twelfths: Fraction(twelfths, 12)),
        group=st.sampled_from("abc"),
    ),
    min_size=1,
    max_size=8,
)


def shares(*amounts: int) -> list[Share]:
    return [Share(f"u{index}", Fraction(amount)) for index, amount in enumerate(amounts)]


def test_four_units_that_rise_evenly() -> None:
    assert gini(shares(1, 2, 3, 4)) == Fraction(1, 4)
    assert theil(shares(1, 2, 3, 4)) == pytest.approx(0.106440135, abs=5e-10)


def test_one_unit_that_has_all() -> None:
    found = disparity(shares(0, 0, 0, 1))
    assert found.gini == Fraction(3, 4)
    assert found.frontier == {"u0": None, "u1": None, "u2": None, "u3": 1}


def test_of_nothing_no_disparity_can_be_said() -> None:
    for none in (shares(), shares(0, 0)):
        found = disparity(none)
        assert (found.gini, found.theil, found.theil_within, found.theil_between) == (None, None, None, None)


def test_a_lorenz_curve_is_drawn_from_five_units_on() -> None:
    assert disparity(shares(1, 2, 3, 4)).lorenz == ()
    fifths = [Fraction(n, 5) for n in range(6)]
    parts = [Fraction(n, 20) for n in (0, 1, 3, 6, 10, 20)]
    assert disparity(shares(1, 2, 3, 4, 10)).lorenz == tuple(zip(fifths, parts, strict=True))


def test_a_negative_amount_or_no_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="u: expected an amount of 0 or more and a weight above 0, found -1 and 1"):
        disparity([Share("u", Fraction(-1))])


@given(SHARES)
def test_gini_is_the_mean_difference_over_twice_the_mean(units: list[Share]) -> None:
    found = gini(units)
    total = sum(unit.weight for unit in units)
    amount = sum(unit.weight * unit.amount for unit in units)
    pairs = sum(a.weight * b.weight * abs(a.amount - b.amount) for a in units for b in units)
    assert found == (pairs / (2 * total * amount) if amount else None)


@given(SHARES)
def test_gini_is_one_less_twice_the_area_under_the_lorenz_curve(units: list[Share]) -> None:
    points = lorenz(units)
    area = sum(
        ((x - before) * (y + under) / 2 for (before, under), (x, y) in pairwise(points)),
        Fraction(0),
    )
    assert gini(units) == (1 - 2 * area if points else None)


@given(SHARES, st.integers(1, 81).map(lambda ninths: Fraction(ninths, 9)))
def test_scaling_all_amounts_or_all_weights_changes_no_disparity(units: list[Share], factor: Fraction) -> None:
    larger = [Share(u.name, u.amount * factor, u.weight, u.group) for u in units]
    heavier = [Share(u.name, u.amount, u.weight * factor, u.group) for u in units]
    for scaled in (larger, heavier):
        assert gini(scaled) == gini(units)
        assert theil(scaled) == pytest.approx(theil(units), abs=1e-12)


@given(SHARES)
def test_units_that_are_there_twice_change_no_disparity(units: list[Share]) -> None:
    assert gini(units * 2) == gini(units)
    assert theil(units * 2) == pytest.approx(theil(units), abs=1e-12)


@given(SHARES)
def test_theil_within_and_between_groups_add_up_to_theil(units: list[Share]) -> None:
    whole, parts = theil(units), theil_parts(units)
    assert (whole is None) == (parts is None)
    if parts is not None:
        assert sum(parts) == pytest.approx(whole, abs=1e-12)
        assert min(parts) > -1e-12
