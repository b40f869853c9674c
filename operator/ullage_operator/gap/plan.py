"""Plan how to close gaps with a budget: who is given what, and what that changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from math import floor
from typing import Final

from .disparity import Disparity, Share, disparity
from .fill import Filling, Item, fill
from .money import Price, price_at
from .report import GapReport
from .subjects import Resource, Subject

STEP: Final = Fraction(1, 5)
"""Beside each plan stand those for a fifth less and a fifth more."""


class Method(StrEnum):
    """By what rule a budget is shared out."""

    COVERAGE = "coverage"
    """Levelling on coverage: S / R rises together, from the least covered on."""
    HOLDINGS = "holdings"
    """Levelling on holdings: S rises together, whatever is needed."""
    MAX_MIN = "max-min"
    """Weighted max-min fairness: what is given rises together, whatever is held."""
    DIMINISHING = "diminishing-returns"
    """S rises in proportion to weights, as where returns diminish like w·ln S."""
    PROPORTIONAL = "proportional"
    """Each gap is closed by the same share."""


@dataclass(frozen=True)
class Candidate:
    """One institution's gap in one thing, and what closing it costs."""

    institution: str
    subject: Subject
    required: Fraction
    supply: Fraction
    price: Fraction
    weight: Fraction = Fraction(1)
    """For the methods that use weights of their own."""

    @property
    def gap(self) -> Fraction:
        """Return max(R - S, 0)."""
        return max(self.required - self.supply, Fraction(0))


@dataclass(frozen=True)
class PlanLine:
    """What a plan gives to one institution, and what that changes."""

    candidate: Candidate
    amount: Fraction
    """x."""

    @property
    def cost(self) -> Fraction:
        """Price × x."""
        return self.candidate.price * self.amount

    @property
    def supply_after(self) -> Fraction:
        """S + x."""
        return self.candidate.supply + self.amount

    @property
    def gap_after(self) -> Fraction:
        """What is left of the gap."""
        return max(self.candidate.required - self.supply_after, Fraction(0))

    @property
    def coverage_before(self) -> Fraction | None:
        """S / R; None where nothing is required."""
        return self.candidate.supply / self.candidate.required if self.candidate.required else None

    @property
    def coverage_after(self) -> Fraction | None:
        """(S + x) / R; None where nothing is required."""
        return self.supply_after / self.candidate.required if self.candidate.required else None


@dataclass(frozen=True)
class Plan:
    """A budget shared out by one method."""

    method: Method
    currency: str
    budget: Fraction
    level: Fraction | None
    """λ; None where the method has none, or there was nothing to give."""
    lines: tuple[PlanLine, ...]

    @property
    def cost(self) -> Fraction:
        """What is spent."""
        return sum((line.cost for line in self.lines), Fraction(0))

    @property
    def left(self) -> Fraction:
        """What is left of the budget."""
        return self.budget - self.cost

    @property
    def gap_cost_before(self) -> Fraction:
        """Σ price × gap without the plan."""
        return sum((line.candidate.price * line.candidate.gap for line in self.lines), Fraction(0))

    @property
    def gap_cost_after(self) -> Fraction:
        """Σ price × gap with it."""
        return sum((line.candidate.price * line.gap_after for line in self.lines), Fraction(0))

    @property
    def least_coverage_before(self) -> Fraction | None:
        """The least S / R without the plan."""
        return min((known for line in self.lines if (known := line.coverage_before) is not None), default=None)

    @property
    def least_coverage_after(self) -> Fraction | None:
        """The least S / R with it."""
        return min((known for line in self.lines if (known := line.coverage_after) is not None), default=None)

    def disparity(self, subject: Subject, *, after: bool, by_need: bool) -> Disparity:
        """Return the disparity of one thing before or after, of S or of S / R weighted by R."""
        shares: list[Share] = []
        left_out: dict[str, str] = {}
        for line in self.lines:
            name, required = line.candidate.institution, line.candidate.required
            supply = line.supply_after if after else line.candidate.supply
            if line.candidate.subject != subject:
                continue
            if by_need and not required:
                left_out[name] = "it needs nothing"
            else:
                shares.append(Share(name, supply / required, required) if by_need else Share(name, supply))
        return disparity(shares, left_out=left_out)

    def whole(self) -> Plan:
        """Return the plan in whole units, each rounded down; what that frees is left of the budget."""
        return replace(self, lines=tuple(replace(line, amount=Fraction(floor(line.amount))) for line in self.lines))


@dataclass(frozen=True)
class Skipped:
    """A gap that can't be planned for."""

    institution: str
    subject: Subject
    why: str


def candidates(
    report: GapReport,
    prices: Iterable[Price],
    currency: str,
    *,
    subjects: Iterable[Subject] | None = None,
    weights: Mapping[str, Fraction] | None = None,
) -> tuple[tuple[Candidate, ...], tuple[Skipped, ...]]:
    """Return what can be planned for, and what can't and why.

    Parameters
    ----------
    report
        The gap of the period that is planned for.
    prices
        What units cost; those in force at the period's end count.
    currency
        The budget's.
    subjects
        What alone to plan for; None: all compute and talent. Data is not used up, so one purchase may serve several
        institutions: it is never planned for here.
    weights
        By institution, for the methods that use weights; 1 where none is given.
    """
    listed, chosen = list(prices), None if subjects is None else set(subjects)
    found: list[Candidate] = []
    skipped: list[Skipped] = []
    for row in report.rows:
        if not row.needed or (chosen is not None and row.subject not in chosen):
            continue
        price = price_at(listed, row.subject, currency, report.period.end_ms)
        if row.subject.resource is Resource.DATA:
            skipped.append(Skipped(row.institution, row.subject, "data is not used up: buy it once for all"))
        elif row.required is None:
            skipped.append(Skipped(row.institution, row.subject, "its need is not known"))
        elif price is None:
            skipped.append(Skipped(row.institution, row.subject, f"it has no price in {currency}"))
        else:
            weight = (weights or {}).get(row.institution, Fraction(1))
            supply = row.supply.at_least_zero().value
            found.append(Candidate(row.institution, row.subject, row.required.value, supply, price.amount, weight))
    return tuple(found), tuple(skipped)


def plan(found: Sequence[Candidate], budget: Fraction, method: Method, *, currency: str) -> Plan:
    """Share out a budget over gaps, exactly; no gap is given more than it is.

    Raises
    ------
    ValueError
        The budget is negative, or a method that compares amounts is asked to compare different things.
    """
    check_comparable(found, method)
    if method is Method.PROPORTIONAL:
        return proportional(found, budget, currency=currency)
    filling = fill([_ITEMS[method](each) for each in found], budget)
    return _plan(found, budget, method, currency, filling)


def proportional(found: Sequence[Candidate], budget: Fraction, *, currency: str) -> Plan:
    """Close each gap by the same share: x = d × min(B / Σ price × d, 1)."""
    if budget < 0:
        raise ValueError(f"budget: expected 0 or more, found {budget}")
    cost = sum((each.price * each.gap for each in found), Fraction(0))
    share = min(budget / cost, Fraction(1)) if cost else Fraction(1)
    lines = tuple(PlanLine(each, each.gap * share) for each in found)
    return Plan(Method.PROPORTIONAL, currency, budget, None, lines)


def with_neighbours(found: Sequence[Candidate], budget: Fraction, method: Method, *, currency: str) -> list[Plan]:
    """Return the plans for a fifth less, for the budget, and for a fifth more."""
    budgets = (budget * (1 - STEP), budget, budget * (1 + STEP))
    return [plan(found, each, method, currency=currency) for each in budgets]


def check_comparable(found: Sequence[Candidate], method: Method) -> None:
    """Refuse to compare amounts of different things: coverage and shares alone have no unit.

    Raises
    ------
    ValueError
        The method compares amounts, and there are several things.
    """
    subjects = sorted({each.subject for each in found})
    if method not in (Method.COVERAGE, Method.PROPORTIONAL) and len(subjects) > 1:
        raise ValueError(
            f"method {method}: expected one thing whose amounts it compares, found {', '.join(map(str, subjects))}; "
            "plan for each apart, or by coverage"
        )


def items(found: Sequence[Candidate], method: Method) -> list[Item]:
    """Return weight, held and most of each, as the method has them."""
    return [_ITEMS[method](each) for each in found]


def _plan(found: Sequence[Candidate], budget: Fraction, method: Method, currency: str, filling: Filling) -> Plan:
    lines = tuple(PlanLine(each, amount) for each, amount in zip(found, filling.amounts, strict=True))
    return Plan(method, currency, budget, filling.level, lines)


_ITEMS: Final[dict[Method, Callable[[Candidate], Item]]] = {
    Method.COVERAGE: lambda each: Item(each.required, each.supply, each.gap, each.price),
    Method.HOLDINGS: lambda each: Item(Fraction(1), each.supply, each.gap, each.price),
    Method.MAX_MIN: lambda each: Item(each.weight, Fraction(0), each.gap, each.price),
    Method.DIMINISHING: lambda each: Item(each.weight, each.supply, each.gap, each.price),
}
