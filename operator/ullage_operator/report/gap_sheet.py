"""The rows of a gap's sheet: every figure of its document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .gap_parts import GapDocument, Group, Money, Month
from .parts import Quantity, Thing
from .sheet import HEAD, Cells, known, rows
from .spread_parts import Spread

GAP_HEAD: Final = (*HEAD, "books", "period_start", "period_end", "as_of")


def gap_rows(document: GapDocument) -> Iterator[Cells]:
    """Yield all figures of a gap, each with the period that it is of."""
    for row in _of_period(document):
        yield [*row, document.period.start, document.period.end, document.as_of]
    for month in document.trend:
        for row in _month(month):
            yield [*row, month.period.start, month.period.end, document.as_of]


def _of_period(document: GapDocument) -> Iterator[Cells]:
    for line in document.lines:
        yield from rows("institution", line.institution, line.thing, line)
    for found in document.money:
        yield from _money("institution", found.institution or "", found)
    for total in document.totals:
        yield from rows("total", "", total.thing, total)
    for found in document.money_totals:
        yield from _money("total", "", found)
    for spread in document.spreads:
        yield from _spread("", "", spread)
    for group in document.groups:
        yield from _group(group)
    for family in document.families:
        yield from rows("modelFamily", family.model_family or "", family.thing, family.use)
    for each in document.unattributed:
        yield from rows("unattributed", "", each.thing, each.use)


def _group(group: Group) -> Iterator[Cells]:
    for total in group.totals:
        yield from rows(group.by, group.name, total.thing, total)
    for found in group.money:
        yield from _money(group.by, group.name, found)
    if group.bottleneck:
        yield _bottleneck(group.by, group.name, group.bottleneck.thing, group.bottleneck.met)
    for spread in group.spreads:
        yield from _spread(group.by, group.name, spread)


def _month(month: Month) -> Iterator[Cells]:
    """Yield the sums of a month, named by it, and those of each institution in it, named by the institution."""
    name = month.period.start[:7]
    for total in month.totals:
        yield from rows("month", name, total.thing, total)
    for found in month.money_totals:
        yield from _money("month", name, found)
    for line in month.lines:
        yield from rows("institutionMonth", line.institution, line.thing, line)
    for found in month.money:
        yield from _money("institutionMonth", found.institution or "", found)


def _money(of: str, name: str, found: Money) -> Iterator[Cells]:
    yield from rows(of, name, None, found, found.currency)
    for each in found.costs:
        yield from rows(of, name, each.thing, each)


def _bottleneck(of: str, name: str, thing: Thing, share: Quantity) -> Cells:
    return known([of, name, thing.resource.value, thing.type, "bottleneck"], share)


def _spread(by: str, group: str, found: Spread) -> Iterator[Cells]:
    """Yield the disparity among all institutions (``spread``) or within a group (such as ``countrySpread``)."""
    what = "spreadByNeed" if found.by_need else "spread"
    yield from rows(f"{by}{what[0].upper()}{what[1:]}" if by else what, group, found.thing, found)
