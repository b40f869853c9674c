"""From plans to their document: before and after, and what a fifth less or more would do."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from typing import Final

from ullage_operator import gap
from ullage_operator.gap import GapReport, Method, Plan, Provenance, Resource
from ullage_operator.gap.figures import weakest

from .parts import (
    PLANNED,
    PRICED,
    RATIO,
    SUPPLIED,
    About,
    Document,
    Part,
    Period,
    Quantity,
    Scope,
    Thing,
    instant,
    plain,
)

PLAN_VERSION: Final = "ullage.dev/plan/v1alpha1"


class NotPlanned(StrEnum):
    """Why a gap is not in a plan."""

    SHARED = "dataIsShared"
    """Data is not used up: buy it once for all."""
    NEED_AMOUNT = "needAmountUnknown"
    NO_PRICE = "noPrice"


class PlanLine(Part):
    """What a plan gives to one institution, and what that changes."""

    institution: str
    thing: Thing
    """Its unit is that of amounts here."""
    price: Quantity
    """Of one unit; its own unit is such as CNY/acceleratorHours."""
    amount: Quantity
    """What it is given."""
    cost: Quantity
    supply_before: Quantity
    supply_after: Quantity
    gap_before: Quantity
    gap_after: Quantity
    coverage_before: Quantity | None
    """Null where nothing is required."""
    coverage_after: Quantity | None


class PlanSpread(Part):
    """How a plan changes a disparity."""

    thing: Thing
    by_need: bool
    """False: of S. True: of S / R weighted by R."""
    gini_before: Quantity | None
    gini_after: Quantity | None


class Variant(Part):
    """One budget, shared out."""

    budget_change: float
    """Against the budget that was asked for: -0.2, 0 or 0.2."""
    budget: Quantity
    level: Quantity | None
    """What the method levels rises to this; null where it levels nothing."""
    cost: Quantity
    left: Quantity
    """Of the budget."""
    gap_cost_before: Quantity
    gap_cost_after: Quantity
    least_coverage_before: Quantity | None
    least_coverage_after: Quantity | None
    lines: tuple[PlanLine, ...]
    spreads: tuple[PlanSpread, ...]


class Skipped(Part):
    """A gap that is not planned for."""

    institution: str
    thing: Thing
    why: NotPlanned


class PlanDocument(Document):
    """A budget shared out by a method, with what a fifth less and a fifth more would do."""

    version: str = PLAN_VERSION
    """The shape of this document."""
    period: Period
    as_of: str
    """Until when the books and declarations were read, UTC."""
    method: Method
    currency: str
    """ISO 4217."""
    variants: tuple[Variant, ...]
    """By budget, the least first."""
    skipped: tuple[Skipped, ...]

    @property
    def chosen(self) -> Variant:
        """The variant of the budget that was asked for."""
        return next(each for each in self.variants if each.budget_change == 0)


def plan_document(
    plans: Sequence[Plan], report: GapReport, about: About, *, skipped: Sequence[gap.Skipped] = ()
) -> PlanDocument:
    """Return the document of a plan.

    Parameters
    ----------
    plans
        One plan, or the three of :func:`ullage_operator.gap.with_neighbours`: the one in the middle was asked for.
    report
        The gap that is planned for.
    about
        As of when.
    skipped
        What can't be planned for, as :func:`ullage_operator.gap.candidates` returns it.

    Raises
    ------
    ValueError
        There is no plan, or an even number of them.
    """
    if len(plans) % 2 == 0:
        raise ValueError(f"plans: expected one, or one with as many before as after it, found {len(plans)}")
    asked = plans[len(plans) // 2]
    return PlanDocument(
        period=Period.of(report.period),
        as_of=instant(about.as_of_ms),
        method=asked.method,
        currency=asked.currency,
        variants=tuple(_variant(each, asked, report) for each in plans),
        skipped=tuple(
            Skipped(institution=each.institution, thing=Thing.of(each.subject), why=_why(each, report))
            for each in skipped
        ),
    )


def _variant(plan: Plan, asked: Plan, report: GapReport) -> Variant:
    lines = [(line, _provenance(line, report)) for line in plan.lines]
    weak = weakest(provenance for _, provenance in lines)

    def money(value: Fraction, scope: Scope = PLANNED) -> Quantity:
        return plain(value, plan.currency, scope, weak)

    def ratio(value: Fraction | None, scope: Scope = PLANNED) -> Quantity | None:
        return None if value is None else plain(value, RATIO, scope, weak)

    return Variant(
        budget_change=float(plan.budget / asked.budget - 1) if asked.budget else 0.0,
        budget=plain(plan.budget, plan.currency, PLANNED, Provenance.DECLARED),
        level=None if plan.level is None else plain(plan.level, _level_unit(plan), PLANNED, weak),
        cost=money(plan.cost),
        left=money(plan.left),
        gap_cost_before=money(plan.gap_cost_before, PRICED),
        gap_cost_after=money(plan.gap_cost_after),
        least_coverage_before=ratio(plan.least_coverage_before, SUPPLIED),
        least_coverage_after=ratio(plan.least_coverage_after),
        lines=tuple(_line(line, plan.currency, provenance) for line, provenance in lines),
        spreads=tuple(
            PlanSpread(
                thing=Thing.of(subject),
                by_need=by_need,
                gini_before=ratio(plan.disparity(subject, after=False, by_need=by_need).gini, SUPPLIED),
                gini_after=ratio(plan.disparity(subject, after=True, by_need=by_need).gini),
            )
            for subject in sorted({line.candidate.subject for line in plan.lines})
            for by_need in (False, True)
        ),
    )


def _line(line: gap.PlanLine, currency: str, provenance: Provenance) -> PlanLine:
    candidate = line.candidate
    unit = candidate.subject.unit.value

    def amount(value: Fraction, scope: Scope = PLANNED) -> Quantity:
        return plain(value, unit, scope, provenance)

    def ratio(value: Fraction | None, scope: Scope = PLANNED) -> Quantity | None:
        return None if value is None else plain(value, RATIO, scope, provenance)

    return PlanLine(
        institution=candidate.institution,
        thing=Thing.of(candidate.subject),
        price=plain(candidate.price, f"{currency}/{unit}", PRICED, Provenance.DECLARED),
        amount=amount(line.amount),
        cost=plain(line.cost, currency, PLANNED, provenance),
        supply_before=amount(candidate.supply, SUPPLIED),
        supply_after=amount(line.supply_after),
        gap_before=amount(candidate.gap, SUPPLIED),
        gap_after=amount(line.gap_after),
        coverage_before=ratio(line.coverage_before, SUPPLIED),
        coverage_after=ratio(line.coverage_after),
    )


def _level_unit(plan: Plan) -> str:
    """Return what a level is counted in: the methods that compare amounts compare those of one thing."""
    if plan.method is Method.COVERAGE:
        return RATIO
    return plan.lines[0].candidate.subject.unit.value if plan.lines else RATIO


def _provenance(line: gap.PlanLine, report: GapReport) -> Provenance:
    row = report.row(line.candidate.institution, line.candidate.subject)
    return weakest(part.provenance for part in (row.required, row.supply) if part)


def _why(skipped: gap.Skipped, report: GapReport) -> NotPlanned:
    if skipped.subject.resource is Resource.DATA:
        return NotPlanned.SHARED
    unknown = report.row(skipped.institution, skipped.subject).required is None
    return NotPlanned.NEED_AMOUNT if unknown else NotPlanned.NO_PRICE
