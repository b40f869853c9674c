"""Which lines of which investments may pay for what a job holds, and at what price. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ullage_operator import gap
from ullage_operator.api import Declarations
from ullage_operator.api.types import (
    Accelerators,
    Channel,
    Institution,
    Investment,
    Line,
    Resource,
    TrainingJob,
    Unit,
    WhenExhausted,
)
from ullage_operator.api.types.units import exactly
from ullage_operator.ledger import MONEY, EntryContext, Rate
from ullage_operator.plan.budget import Demand, FundingLine
from ullage_operator.plan.workers import worker_plans
from ullage_trainer.config import Stage

from .entries import IN_KIND_UNITS
from .lines import line_name
from .terms import day_ms, term_of

_MICROS = 1_000_000


@dataclass(frozen=True)
class Source:
    """A line that may pay."""

    line: FundingLine
    unit: str
    """The line's unit in the books."""
    rate: Rate | None
    """Of money, at what price; null in kind, and where it has none."""


def demand_of(job: TrainingJob, stage: Stage, kinds: Mapping[str, str]) -> Demand | None:
    """Return the accelerators that the workers of a stage hold; null where they hold none."""
    plans = worker_plans(job, stage, 1)
    held = sum(plan.accelerators for plan in plans)
    if not held:
        return None
    resource = plans[0].accelerator_type or ""
    named = job.spec.accounting.investment
    return Demand(held, kinds.get(resource, resource), None if named is None else f"{named.name}/{named.line}")


def runs_on_own_machines(job: TrainingJob, institution: Institution | None, kind: str, now_ms: int) -> bool:
    """Tell whether a job's workers can only be on nodes that are its institution's own."""
    chosen = job.spec.workers.template.node_selector
    return any(
        bool(machines.node_selector) and machines.node_selector.items() <= chosen.items()
        for machines in _machines(institution, kind, now_ms)
    )


def on_own_node(institution: Institution | None, labels: Mapping[str, str], kind: str, at_ms: int) -> bool:
    """Tell whether a node is one of an institution's own machines of a kind: one without a selector is in no node."""
    return any(
        bool(machines.node_selector) and machines.node_selector.items() <= labels.items()
        for machines in _machines(institution, kind, at_ms)
    )


def sources(
    declarations: Declarations, context: EntryContext, demand: Demand, now_ms: int, remaining: Mapping[str, int]
) -> list[Source]:
    """Return the lines that a job may draw on, now or at another time; those too that lack a price to charge it by.

    Parameters
    ----------
    declarations
        What is declared now.
    context
        Whose books the job is in.
    demand
        What it holds, or is about to.
    now_ms
        At which price money is drawn.
    remaining
        What is left of each line, in the books' unit.
    """
    found: list[Source] = []
    for investment, line, term in _lines(declarations, context):
        rate = None
        if line.channel is Channel.MONEY:
            # One that does not give yet is drawn at the price that it begins with.
            rate = rate_of(declarations, investment, demand.kind, max(now_ms, term.start_ms))
        if not _pays_for(line, demand.kind):
            continue
        name = line_name(investment, line)
        funding = FundingLine(
            name=name,
            remaining=remaining.get(name, 0),
            start_ms=term.start_ms,
            end_ms=term.end_ms,
            suspends=investment.spec.when_exhausted is WhenExhausted.SUSPEND,
            micros_per_hour=None if rate is None else rate.micros,
            currency=investment.spec.currency if line.channel is Channel.MONEY else None,
            unpriced=line.channel is Channel.MONEY and rate is None,
        )
        unit = MONEY if line.channel is Channel.MONEY else IN_KIND_UNITS[Unit.ACCELERATOR_HOURS.value][0]
        found.append(Source(funding, unit, rate))
    return found


def line_names(declarations: Declarations, context: EntryContext) -> list[str]:
    """Return the names of all lines that are for a job's institution and for such jobs."""
    return [line_name(investment, line) for investment, line, _ in _lines(declarations, context)]


def rate_of(declarations: Declarations, investment: Investment, kind: str, at_ms: int) -> Rate | None:
    """Return what an accelerator-hour costs an investment at an instant; null where that is not known."""
    reference = investment.spec.price_list_ref
    prices = None if reference is None else declarations.price_lists_by_name.get(reference.name)
    if prices is None or investment.spec.currency is None:
        return None
    wanted = (Resource.COMPUTE, kind, Unit.ACCELERATOR_HOURS, investment.spec.currency)
    begun = [
        entry
        for entry in prices.spec.entries
        if (entry.resource, entry.type, entry.unit, entry.currency) == wanted and day_ms(entry.start) <= at_ms
    ]
    if not begun:
        return None
    price = max(begun, key=lambda entry: entry.start)
    return Rate(
        micros=round(exactly(price.price) * _MICROS),
        unit="accelerator-hour",
        currency=price.currency,
        dated_ms=day_ms(price.start),
        source=f"PriceList {prices.metadata.name}: {price.source}",
    )


def _lines(declarations: Declarations, context: EntryContext) -> Iterator[tuple[Investment, Line, gap.Period]]:
    institution = context.institution
    for investment in declarations.investments:
        term = term_of(investment)
        if term is None or institution is None:
            continue
        for line in investment.spec.lines:
            drawn = line.channel in (Channel.MONEY, Channel.IN_KIND)
            if drawn and institution in declarations.beneficiaries(line) and _eligible(line, context):
                yield investment, line, term


def _pays_for(line: Line, kind: str) -> bool:
    if line.channel is Channel.IN_KIND:
        return (line.resource, line.type, line.unit) == (Resource.COMPUTE, kind, Unit.ACCELERATOR_HOURS)
    return line.resource in (None, Resource.COMPUTE) and line.type in (None, kind)


def _eligible(line: Line, context: EntryContext) -> bool:
    if line.eligible is None:
        return True
    programmes, families = line.eligible.programmes, line.eligible.model_families
    return (not programmes or context.programme in programmes) and (not families or context.model_family in families)


def _machines(institution: Institution | None, kind: str, at_ms: int) -> list[Accelerators]:
    return [
        machines
        for machines in (() if institution is None else institution.spec.holds.accelerators)
        if machines.type == kind
        and day_ms(machines.start) <= at_ms
        and (machines.end is None or at_ms < day_ms(machines.end))
    ]
