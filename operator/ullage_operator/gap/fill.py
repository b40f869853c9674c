"""Spend a budget so that levels rise together: x = clip(λ·w - a, 0, d), with λ found exactly by breakpoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Item:
    """One thing that can be given more of.

    Raises
    ------
    ValueError
        A quantity is negative, or what is free has no end.
    """

    weight: Fraction
    """w: its amount at level 1. What has weight 0 is given nothing."""
    held: Fraction
    """a: what counts towards its level already."""
    most: Fraction | None
    """d: the most that it is given; None: without bound."""
    price: Fraction = Fraction(1)
    """What one unit takes of the budget."""

    def __post_init__(self) -> None:
        if min(self.weight, self.held, self.price, self.most or 0) < 0:
            raise ValueError(f"item: expected quantities of 0 or more, found {self}")
        if self.price == 0 and self.most is None:
            raise ValueError(f"item: expected a bound on what is free, found {self}")

    def given(self, level: Fraction) -> Fraction:
        """Return clip(λ·w - a, 0, d)."""
        amount = max(level * self.weight - self.held, Fraction(0))
        return amount if self.most is None else min(amount, self.most)


@dataclass(frozen=True)
class Filling:
    """What each item is given."""

    level: Fraction | None
    """λ: the least that spends the budget or, where it suffices, gives all there is to give; None: nothing to give."""
    amounts: tuple[Fraction, ...]
    spent: Fraction


def fill(items: Sequence[Item], budget: Fraction) -> Filling:
    """Raise λ until the budget is spent or every item has its most. What is free is given in full.

    Spending grows with λ in straight pieces: an item adds its weight × price to the slope from λ = a/w on,
    until λ = (a + d)/w. So λ is found by one pass over these breakpoints, without rounding.

    Raises
    ------
    ValueError
        The budget is negative.
    """
    if budget < 0:
        raise ValueError(f"budget: expected 0 or more, found {budget}")
    priced = [item for item in items if item.price and item.weight and item.most != 0]
    level = _level(priced, budget)
    amounts = tuple(
        (item.most or Fraction(0)) if item.price == 0 else Fraction(0) if level is None else item.given(level)
        for item in items
    )
    return Filling(level, amounts, spending(items, amounts))


def spending(items: Sequence[Item], amounts: Sequence[Fraction]) -> Fraction:
    """Return Σ price × amount."""
    return sum((item.price * amount for item, amount in zip(items, amounts, strict=True)), Fraction(0))


def _level(items: Sequence[Item], budget: Fraction) -> Fraction | None:
    changes: list[tuple[Fraction, Fraction]] = []
    for item in items:
        slope = item.price * item.weight
        changes.append((item.held / item.weight, slope))
        if item.most is not None:
            changes.append(((item.held + item.most) / item.weight, -slope))
    if not changes:
        return None
    changes.sort()
    level, slope, spent = changes[0][0], Fraction(0), Fraction(0)
    for at, change in changes:
        if slope and spent + slope * (at - level) >= budget:
            return level + (budget - spent) / slope
        spent += slope * (at - level)
        level = at
        slope += change
    return level + (budget - spent) / slope if slope else level
