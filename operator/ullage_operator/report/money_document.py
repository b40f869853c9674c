"""Money in a document: what closing gaps costs, and what was awarded."""

from __future__ import annotations

from collections.abc import Mapping

from ullage_operator import gap
from ullage_operator.gap import GapReport

from .gap_parts import Cost, Money, Unpriced
from .parts import GRANTED, PRICED, SUPPLIED, Thing, known, quantity


def money_lines(report: GapReport, *, each_institution: bool) -> tuple[Money, ...]:
    """Return the money of each institution, or of all together, currency by currency."""
    if each_institution:
        return tuple(_money(name, found) for (name, _), found in sorted(report.money.items()))
    return money_of_group(report.money_totals)


def money_of_group(by_currency: Mapping[str, gap.Money]) -> tuple[Money, ...]:
    """Return the money of several institutions together, currency by currency."""
    return tuple(_money(None, found) for _, found in sorted(by_currency.items()))


def _money(institution: str | None, found: gap.Money) -> Money:
    return Money(
        institution=institution,
        currency=found.currency,
        gross=known(found.gross, found.currency, PRICED),
        awarded=known(found.awarded, found.currency, GRANTED),
        net=known(found.net, found.currency, PRICED),
        at_least=found.at_least,
        costs=tuple(
            Cost(thing=Thing.of(subject), cost=known(cost, found.currency, PRICED))
            for subject, cost in found.costs.items()
        ),
        unpriced=tuple(
            Unpriced(
                institution=need.institution,
                thing=Thing.of(need.subject),
                gap=quantity(need.gap, need.subject.unit.value, SUPPLIED),
            )
            for need in found.unpriced
        ),
    )
