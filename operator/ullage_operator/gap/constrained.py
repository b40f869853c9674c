"""Plan under constraints on groups: the levels rise together as far as the constraints let them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import Final

from .fill import Item
from .plan import Candidate, Method, Plan, PlanLine, check_comparable, items, plan

_TOLERANCE: Final = 1e-9


class PlanImpossible(ValueError):
    """No plan meets the constraints within the budget."""


@dataclass(frozen=True)
class GroupLimit:
    """How much of the budget a group of institutions may or must get, in the budget's currency.

    Raises
    ------
    ValueError
        A bound is negative, or they exclude each other.
    """

    name: str
    """The group, for people."""
    members: frozenset[str]
    least: Fraction = Fraction(0)
    most: Fraction | None = None

    def __post_init__(self) -> None:
        if self.least < 0 or (self.most is not None and self.most < self.least):
            raise ValueError(f"group {self.name}: expected 0 <= least <= most, found {self.least} and {self.most}")


def constrained_plan(
    found: Sequence[Candidate],
    budget: Fraction,
    method: Method,
    limits: Sequence[GroupLimit],
    *,
    currency: str,
) -> Plan:
    """Share out a budget by a levelling method under constraints on groups.

    Without constraints this is :func:`ullage_operator.gap.plan.plan`, exact; with them a linear program is solved
    for each level at which something stops rising (lexicographic max-min), in floating point, and amounts are
    rounded down to a millionth of a unit.

    Raises
    ------
    PlanImpossible
        The constraints can't be met.
    ValueError
        As of :func:`~ullage_operator.gap.plan.plan`; the proportional method has no level to raise.

    Notes
    -----
    B. Radunović, J.-Y. Le Boudec, "A Unified Framework for Max-Min and Min-Max Fairness With Applications",
    IEEE/ACM Transactions on Networking 15 (2007) 1073-1083: the max-min programming algorithm.
    """
    if not limits:
        return plan(found, budget, method, currency=currency)
    check_comparable(found, method)
    if method is Method.PROPORTIONAL:
        raise ValueError("method proportional: expected a method that levels, as limits on groups change its shares")
    if budget < 0:
        raise ValueError(f"budget: expected 0 or more, found {budget}")
    amounts = _levelled(_Program.of(found, items(found, method), budget, limits))
    lines = tuple(
        # What the solver's own rounding left just below a millionth is that millionth.
        PlanLine(each, min(each.gap, Fraction(floor(amount * 1e6 + 1e-3), 1_000_000)))
        for each, amount in zip(found, amounts, strict=True)
    )
    everybody = GroupLimit("all", frozenset(each.institution for each in found), most=budget)
    for limit in (everybody, *limits):
        lines = _within(lines, limit)
    return Plan(method, currency, budget, None, lines)


def _within(lines: tuple[PlanLine, ...], limit: GroupLimit) -> tuple[PlanLine, ...]:
    """Lower what a group gets in proportion where the solver's rounding has passed the most that it may cost."""
    cost = sum((line.cost for line in lines if line.candidate.institution in limit.members), Fraction(0))
    if limit.most is None or cost <= limit.most:
        return lines
    share = limit.most / cost
    return tuple(
        replace(line, amount=Fraction(floor(line.amount * share * 1_000_000), 1_000_000))
        if line.candidate.price and line.candidate.institution in limit.members
        else line
        for line in lines
    )


@dataclass(frozen=True)
class _Program:
    """The linear program: each item as a share of its most, the level as a share of the highest, all in [0, 1]."""

    most: list[float]
    rise: list[float]
    """By how much a whole item raises its level; 0 for what is given no more, whatever the level."""
    start: list[float]
    """The level of each item before."""
    bounds: list[tuple[float, float]]
    """Between which shares each item stays."""
    rows: list[list[float]]
    """What each item, given whole, takes of the budget and of the limits on groups."""
    ceilings: list[float]

    @classmethod
    def of(
        cls, found: Sequence[Candidate], listed: Sequence[Item], budget: Fraction, limits: Sequence[GroupLimit]
    ) -> _Program:
        """Scale all quantities."""
        most = [item.most or Fraction(0) for item in listed]
        levels = [(i.held + d) / i.weight for i, d in zip(listed, most, strict=True) if d and i.weight and i.price]
        highest = max(levels, default=Fraction(0)) or Fraction(1)
        costs = [item.price * d for item, d in zip(listed, most, strict=True)]
        unit = sum(costs, Fraction(0)) or Fraction(1)
        rows, ceilings = [[float(cost / unit) for cost in costs]], [float(budget / unit)]
        for limit in limits:
            row = [
                float(cost / unit) if each.institution in limit.members else 0.0
                for each, cost in zip(found, costs, strict=True)
            ]
            if limit.most is not None:
                rows.append(row)
                ceilings.append(float(limit.most / unit))
            rows.append([-share for share in row])
            ceilings.append(float(-limit.least / unit))
        rises = [bool(item.price and item.weight and d) for item, d in zip(listed, most, strict=True)]
        return cls(
            most=[float(amount) for amount in most],
            rise=[
                float(d / (item.weight * highest)) if rising else 0.0
                for item, d, rising in zip(listed, most, rises, strict=True)
            ],
            start=[
                float(item.held / (item.weight * highest)) if rising else 0.0
                for item, rising in zip(listed, rises, strict=True)
            ],
            bounds=[
                (0.0, 1.0) if rising else (1.0, 1.0) if item.price == 0 and d else (0.0, 0.0)
                for item, d, rising in zip(listed, most, rises, strict=True)
            ],
            rows=rows,
            ceilings=ceilings,
        )


def _levelled(program: _Program) -> list[float]:
    """Raise the level of all; fix what can't rise further at what it has; raise the level of the rest; and so on."""
    bounds = list(program.bounds)
    rising = [index for index, rise in enumerate(program.rise) if rise]
    while rising:
        level, held_back = _raised(program, bounds, rising)
        for index in held_back:
            share = min(1.0, max(0.0, (level - program.start[index]) / program.rise[index]))
            bounds[index] = (share, share)
        rising = [index for index in rising if index not in held_back]
    return [share * most for (share, _), most in zip(bounds, program.most, strict=True)]


def _raised(
    program: _Program, bounds: Sequence[tuple[float, float]], rising: Sequence[int]
) -> tuple[float, frozenset[int]]:
    """Return the highest level that all rising items can have, and those of them that keep it from being higher."""
    # A second that `ullage gap` need not wait.
    from scipy.optimize import linprog  # type: ignore[import-untyped]  # noqa: PLC0415

    count = len(program.most)
    reach = [[-program.rise[i] if i == at else 0.0 for i in range(count)] + [1.0] for at in rising]
    result = linprog(
        [0.0] * count + [-1.0],
        A_ub=[*reach, *([*row, 0.0] for row in program.rows)],
        b_ub=[*(program.start[at] for at in rising), *program.ceilings],
        bounds=[*bounds, (0.0, None)],
        method="highs-ds",
    )
    if result.status != 0:
        raise PlanImpossible(
            "limits on groups: expected a budget and gaps that let every group have its least, found that they "
            f"don't ({result.message}); lower a least, or raise the budget"
        )
    # A constraint whose price is not 0 is tight in every solution: that item holds the level back.
    prices = [abs(float(price)) for price in result.ineqlin.marginals[: len(rising)]]
    held_back = frozenset(at for at, price in zip(rising, prices, strict=True) if price > _TOLERANCE)
    return float(result.x[count]), held_back
