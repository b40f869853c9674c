"""Documents as CSV: a row a figure, each with its unit, provenance, bounds and scope. Unknown is an empty cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final, get_args

from ullage_operator.gap import Resource

from .compare_document import CompareDocument
from .gap_parts import GapDocument, Money, Use
from .parts import FTE, RATIO, Part, Period, Quantity, Thing
from .plan_document import PlanDocument, PlanLine, Variant

HEAD: Final = ("of", "name", "resource", "type", "measure", "value", "low", "high", "unit", "provenance", "basis")
GAP_HEAD: Final = (*HEAD, "books", "period_start", "period_end", "as_of")
PLAN_HEAD: Final = ("budget_change", *HEAD, "period_start", "period_end", "as_of")
COMPARE_HEAD: Final = (
    *("quantity", "name", "value", "low", "high", "unit", "kind", "provenance", "source", "scope"),
    *("ratio", "orders_of_magnitude", "why_no_ratio"),
)
_TALENT_ONLY: Final = frozenset({"moved", "gap_fte"})
_UNITS: Final = {
    "gap_fte": FTE,
    **dict.fromkeys(
        (
            "coverage",
            "met",
            "measured_share",
            "intensity",
            "coverage_before",
            "coverage_after",
            "gini",
            "theil",
            "level",
        ),
        RATIO,
    ),
    **dict.fromkeys(("theil_between_countries", "theil_between_kinds", "gini_before", "gini_after"), RATIO),
}

Row = Sequence[str | float | None]


def gap_csv(document: GapDocument) -> str:
    """Return all figures of a gap.

    ``of`` is institution, total, country, kind, modelFamily, unattributed, or undeclared: not declared.
    """
    return _sheet(GAP_HEAD, _gap_rows(document))


def plan_csv(document: PlanDocument) -> str:
    """Return all figures of a plan and of those for a fifth less and more."""
    return _sheet(PLAN_HEAD, _plan_rows(document))


def compare_csv(document: CompareDocument) -> str:
    """Return all figures of a comparison."""
    return _sheet(COMPARE_HEAD, _compare_rows(document))


def _sheet(head: Sequence[str], rows: Iterator[Row]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: str | float | None) -> str | float:
    """Return a cell that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
        return f"'{value}"
    return "" if value is None else value


def figures(part: Part) -> Iterator[tuple[str, Quantity | None]]:
    """Yield the figures that a part of a document has, by key, those of its use too."""
    for name, about in type(part).model_fields.items():
        value = getattr(part, name)
        if isinstance(value, Use):
            yield from figures(value)
        elif Quantity in (about.annotation, *get_args(about.annotation)):
            yield name, value


def _rows(of: str, name: str, thing: Thing | None, part: Part, unit: str = "") -> Iterator[list[str | float | None]]:
    """Yield a row a figure, without the columns that are the same for a whole document."""
    for measure, found in figures(part):
        if measure in _TALENT_ONLY and thing is not None and thing.resource is not Resource.TALENT:
            continue
        resource, kind = (thing.resource.value, thing.type) if thing else (None, None)
        head = [of, name, resource, kind, measure]
        if found is None:
            default = thing.unit if thing else unit
            yield [*head, None, None, None, _UNITS.get(measure, default), "unknown", None, None]
        else:
            books = " ".join(found.scope.books)
            measured = [found.value, found.low, found.high, found.unit, found.provenance.value]
            yield [*head, *measured, found.scope.basis.value, books]


def _gap_rows(document: GapDocument) -> Iterator[Row]:
    def ended(rows: Iterator[list[str | float | None]], period: Period = document.period) -> Iterator[Row]:
        for row in rows:
            yield [*row, period.start, period.end, document.as_of]

    for line in document.lines:
        yield from ended(_rows("institution", line.institution, line.thing, line))
    for spread in document.spreads:
        yield from ended(_rows("spreadByNeed" if spread.by_need else "spread", "", spread.thing, spread))
    for group in document.groups:
        for total in group.totals:
            yield from ended(_rows(group.by, group.name, total.thing, total))
    uses = [("unattributed", "", each.thing, each.use) for each in document.unattributed]
    uses += [("undeclared", each.institution, each.thing, each.use) for each in document.undeclared]
    uses += [("modelFamily", each.model_family or "", each.thing, each.use) for each in document.families]
    for of, name, thing, use in uses:
        yield from ended(_rows(of, name, thing, use))
    for found in (*document.money, *document.money_totals):
        yield from ended(_money_rows(found))
    yield from (row for total in document.totals for row in ended(_rows("total", "", total.thing, total)))
    for month in document.trend:
        for total in month.totals:
            yield from ended(_rows("month", month.period.start[:7], total.thing, total), month.period)
        for found in month.money:
            yield from ended(_money_rows(found), month.period)


def _money_rows(found: Money) -> Iterator[list[str | float | None]]:
    of = "total" if found.institution is None else "institution"
    yield from _rows(of, found.institution or "", None, found, found.currency)
    for each in found.costs:
        yield from _rows(of, found.institution or "", each.thing, each)


def _plan_rows(document: PlanDocument) -> Iterator[Row]:
    ending = [document.period.start, document.period.end, document.as_of]
    for variant in document.variants:
        parts: list[tuple[str, str, Thing | None, Variant | PlanLine]] = [("total", "", None, variant)]
        parts += [("institution", line.institution, line.thing, line) for line in variant.lines]
        for of, name, thing, part in parts:
            for row in _rows(of, name, thing, part, document.currency):
                yield [round(variant.budget_change, 6), *row[:-1], *ending]
        for spread in variant.spreads:
            of = "spreadByNeed" if spread.by_need else "spread"
            for row in _rows(of, "", spread.thing, spread):
                yield [round(variant.budget_change, 6), *row[:-1], *ending]


def _compare_rows(document: CompareDocument) -> Iterator[Row]:
    for each in document.quantities:
        for cell in each.cells:
            found = cell.figure
            measured: list[str | float | None] = (
                [None, None, None, None, cell.kind, "unknown", cell.source, None]
                if found is None
                else [
                    *(found.value, found.low, found.high, found.unit, cell.kind, found.provenance.value, cell.source),
                    found.scope.detail,
                ]
            )
            ratio = [cell.ratio, cell.orders_of_magnitude, cell.why_not_told or None]
            yield [each.quantity, cell.name, *measured, *ratio]
