"""How unequally supply is spread: Gini, Theil, frontier ratio, Lorenz curve."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import fsum, log
from typing import Final

from .row import Row

FEWEST_FOR_LORENZ: Final = 5
"""A curve through fewer points says less than the numbers."""


@dataclass(frozen=True)
class Share:
    """One unit's amount and weight: S with weight 1, or S / R with weight R."""

    name: str
    amount: Fraction
    weight: Fraction = Fraction(1)
    group: str = ""
    """Its country or kind, where Theil is split by it."""


@dataclass(frozen=True)
class Disparity:
    """How unequally one thing is spread. None: it can't be said of these units."""

    units: tuple[Share, ...]
    left_out: dict[str, str]
    """Units that are not counted, and why."""
    gini: Fraction | None
    theil: float | None
    theil_within: float | None
    """The part of Theil from differences within groups."""
    theil_between: float | None
    """The part of Theil from differences between groups."""
    frontier: dict[str, Fraction | None]
    """max / x: how many times more the best supplied unit has; None where a unit has nothing."""
    lorenz: tuple[tuple[Fraction, Fraction], ...]
    """From the worst supplied on, the share of weight and the share of the amount; empty below five units."""


def disparity(units: Iterable[Share], *, left_out: dict[str, str] | None = None) -> Disparity:
    """Return the disparity of units, each weighted.

    Raises
    ------
    ValueError
        An amount is negative, or a weight not above 0.
    """
    shares = tuple(units)
    for share in shares:
        if share.amount < 0 or share.weight <= 0:
            found = f"{share.amount} and {share.weight}"
            raise ValueError(f"{share.name}: expected an amount of 0 or more and a weight above 0, found {found}")
    within, between = theil_parts(shares) or (None, None)
    most = max((share.amount for share in shares), default=Fraction(0))
    return Disparity(
        units=shares,
        left_out=left_out or {},
        gini=gini(shares),
        theil=theil(shares),
        theil_within=within,
        theil_between=between,
        frontier={share.name: most / share.amount if share.amount else None for share in shares},
        lorenz=lorenz(shares) if len(shares) >= FEWEST_FOR_LORENZ else (),
    )


def gini(shares: Sequence[Share]) -> Fraction | None:
    """Return Σᵢⱼ wᵢwⱼ|xᵢ - xⱼ| / (2 W² μ), exactly; None where there is nothing to spread.

    Notes
    -----
    The definition as relative mean difference; see A. Sen, "On Economic Inequality" (1973), section 2.
    Without the correction for small samples: [0, 0, 0, 1] has 3/4.
    """
    weight, amount = _sums(shares)
    if not amount:
        return None
    # Sorted, the pairs need no second loop: each adds w·(x·W_before - X_before) of those before it.
    before, before_amount, differences = Fraction(0), Fraction(0), Fraction(0)
    for share in sorted(shares, key=lambda each: each.amount):
        differences += share.weight * (share.amount * before - before_amount)
        before += share.weight
        before_amount += share.weight * share.amount
    return differences / (weight * amount)


def theil(shares: Sequence[Share]) -> float | None:
    """Return Theil's T, Σ (wᵢ/W)(xᵢ/μ) ln(xᵢ/μ), where 0 · ln 0 is 0; None where there is nothing to spread.

    Notes
    -----
    H. Theil, "Economics and Information Theory" (1967), chapter 4.
    """
    weight, amount = _sums(shares)
    if not amount:
        return None
    mean = amount / weight
    return fsum(
        float(share.weight * share.amount / amount) * log(share.amount / mean) for share in shares if share.amount
    )


def theil_parts(shares: Sequence[Share]) -> tuple[float, float] | None:
    """Return the parts of Theil's T within and between groups, which add up to it; None where it is None."""
    _, amount = _sums(shares)
    if not amount:
        return None
    groups: dict[str, list[Share]] = {}
    for share in shares:
        groups.setdefault(share.group, []).append(share)
    within: list[float] = []
    means: list[Share] = []
    for name, members in groups.items():
        group_weight, group_amount = _sums(members)
        means.append(Share(name, group_amount / group_weight, group_weight))
        inner = theil(members)
        within.append(float(group_amount / amount) * inner if inner is not None else 0.0)
    return fsum(within), theil(means) or 0.0


def lorenz(shares: Sequence[Share]) -> tuple[tuple[Fraction, Fraction], ...]:
    """Return the Lorenz curve from (0, 0) to (1, 1); empty where there is nothing to spread."""
    weight, amount = _sums(shares)
    if not amount:
        return ()
    points = [(Fraction(0), Fraction(0))]
    for share in sorted(shares, key=lambda each: each.amount):
        x, y = points[-1]
        points.append((x + share.weight / weight, y + share.weight * share.amount / amount))
    return tuple(points)


def raw(rows: Iterable[Row], groups: dict[str, str] | None = None) -> Disparity:
    """Return the disparity of S, each institution counted once, needs left aside."""
    groups = groups or {}
    return disparity(
        Share(row.institution, row.supply.at_least_zero().value, group=groups.get(row.institution, "")) for row in rows
    )


def need_weighted(rows: Iterable[Row], groups: dict[str, str] | None = None) -> Disparity:
    """Return the disparity of S / R weighted by R: 0 where all needs are met to the same degree."""
    groups = groups or {}
    shares: list[Share] = []
    left_out: dict[str, str] = {}
    for row in rows:
        if row.required is None:
            no_need = "it declares no need" if row.need_ended_ms is None else "its need has ended"
            left_out[row.institution] = "its need is not known" if row.needed else no_need
        elif row.required.value == 0:
            left_out[row.institution] = "it needs nothing"
        else:
            amount = row.supply.at_least_zero().value / row.required.value
            shares.append(Share(row.institution, amount, row.required.value, groups.get(row.institution, "")))
    return disparity(shares, left_out=left_out)


def _sums(shares: Sequence[Share]) -> tuple[Fraction, Fraction]:
    """Return Σ w and Σ w·x."""
    weight = sum((share.weight for share in shares), Fraction(0))
    return weight, sum((share.weight * share.amount for share in shares), Fraction(0))
