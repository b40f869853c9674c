"""Levels that rise together: vectors, and what holds of every filling."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ullage_operator.gap import Filling, Item, Share, fill
from ullage_operator.gap.disparity import gini

AMOUNTS = st.integers(0, 300).map(lambda sixths: Fraction(sixths, 6))
POSITIVE = st.integers(1, 300).map(lambda sixths: Fraction(sixths, 6))
ITEMS = st.lists(st.builds(Item, weight=POSITIVE, held=AMOUNTS, most=AMOUNTS, price=POSITIVE), min_size=1, max_size=6)
SMALL = st.integers(0, 3).map(Fraction)
WEIGHTS, PRICES = st.integers(1, 3).map(Fraction), st.integers(1, 2).map(Fraction)
SMALL_ITEMS = st.lists(
    st.builds(Item, weight=WEIGHTS, held=SMALL, most=SMALL, price=PRICES),
    min_size=2,
    max_size=3,
)


def exact(*written: str) -> list[Fraction]:
    return [Fraction(each) for each in written]


def test_levelling_on_holdings() -> None:
    held = exact("1", "2", "3", "10")
    found = fill([Item(Fraction(1), each, None) for each in held], Fraction(6))
    assert found == Filling(Fraction(4), (Fraction(3), Fraction(2), Fraction(1), Fraction(0)), Fraction(6))
    after = [Share(str(n), a + x) for n, (a, x) in enumerate(zip(held, found.amounts, strict=True))]
    assert gini([Share(str(n), each) for n, each in enumerate(held)]) == Fraction(7, 16)
    assert gini(after) == Fraction(9, 44)


def test_max_min_without_weights() -> None:
    items = [Item(Fraction(1), Fraction(0), most) for most in exact("2", "2.6", "4", "5")]
    assert list(fill(items, Fraction(10)).amounts) == exact("2", "2.6", "2.7", "2.7")


def test_max_min_with_weights() -> None:
    pairs = zip(exact("2.5", "4", "0.5", "1"), exact("4", "2", "10", "4"), strict=True)
    found = fill([Item(weight, Fraction(0), most) for weight, most in pairs], Fraction(16))
    assert list(found.amounts) == [4, 2, 6, 4]


def test_diminishing_returns() -> None:
    pairs = zip(exact("1", "2", "3"), exact("1", "4", "2"), strict=True)
    found = fill([Item(weight, held, None) for weight, held in pairs], Fraction(10))
    assert (found.level, list(found.amounts)) == (Fraction(17, 6), exact("11/6", "5/3", "13/2"))


def test_a_budget_beyond_all_needs_gives_them_all_and_leaves_the_rest() -> None:
    found = fill(
        [Item(Fraction(2), Fraction(1), Fraction(1)), Item(Fraction(1), Fraction(0), Fraction(3))], Fraction(9)
    )
    assert found == Filling(Fraction(3), (Fraction(1), Fraction(3)), Fraction(4))


def test_what_is_free_is_given_in_full_and_what_has_no_weight_is_given_nothing() -> None:
    free = Item(Fraction(1), Fraction(0), Fraction(7), price=Fraction(0))
    weightless = Item(Fraction(0), Fraction(0), Fraction(5))
    assert fill([free, weightless], Fraction(1)) == Filling(None, (Fraction(7), Fraction(0)), Fraction(0))


def test_a_negative_budget_and_negative_quantities_are_refused() -> None:
    with pytest.raises(ValueError, match="budget: expected 0 or more, found -1"):
        fill([], Fraction(-1))
    with pytest.raises(ValueError, match="item: expected quantities of 0 or more"):
        Item(Fraction(1), Fraction(-1), None)
    with pytest.raises(ValueError, match="item: expected a bound on what is free"):
        Item(Fraction(1), Fraction(0), None, price=Fraction(0))


@given(ITEMS, AMOUNTS)
def test_the_budget_is_spent_or_all_needs_are_met_and_none_is_exceeded(items: list[Item], budget: Fraction) -> None:
    found = fill(items, budget)
    all_of_it = sum(item.price * (item.most or 0) for item in items)
    assert found.spent == min(budget, all_of_it)
    assert all(0 <= x <= (item.most or 0) for x, item in zip(found.amounts, items, strict=True))


@given(ITEMS, AMOUNTS, AMOUNTS)
def test_nobody_is_given_less_of_a_larger_budget(items: list[Item], budget: Fraction, more: Fraction) -> None:
    less, greater = fill(items, budget), fill(items, budget + more)
    assert all(x <= y for x, y in zip(less.amounts, greater.amounts, strict=True))


@settings(deadline=None)  # Thousands of alternatives, on a machine that may be busy.
@given(SMALL_ITEMS, st.integers(0, 8).map(Fraction))
def test_no_other_way_to_spend_the_budget_lifts_the_worst_off_further(items: list[Item], budget: Fraction) -> None:
    def levels(amounts: tuple[Fraction, ...]) -> list[Fraction]:
        return sorted((item.held + x) / item.weight for item, x in zip(items, amounts, strict=True))

    found = levels(fill(items, budget).amounts)
    halves = [[Fraction(n, 2) for n in range(int(2 * (item.most or 0)) + 1)] for item in items]
    affordable = [
        amounts
        for amounts in product(*halves)
        if sum(item.price * x for item, x in zip(items, amounts, strict=True)) <= budget
    ]
    assert max(levels(amounts) for amounts in affordable) <= found
