"""Documents as CSV: a row a figure. Unknown is an empty cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from .compare_document import CompareDocument
from .document import ReportDocument
from .gap_parts import GapDocument
from .gap_sheet import GAP_HEAD, gap_rows
from .parts import Thing
from .plan_document import PlanDocument, PlanLine, Variant
from .sheet import HEAD, Cells, rows, sheet

PLAN_HEAD: Final = ("budget_change", *HEAD, "period_start", "period_end", "as_of")
COMPARE_HEAD: Final = (
    *("quantity", "name", "value", "low", "high", "unit", "kind", "provenance", "source", "scope"),
    *("ratio", "orders_of_magnitude", "why_no_ratio"),
)
REPORT_HEAD: Final = (
    *("part", *HEAD, "books", "detail", "budget_change"),
    *("kind", "source", "scope", "ratio", "orders_of_magnitude", "why_no_ratio"),
    *("period_start", "period_end", "as_of"),
)


def gap_csv(document: GapDocument) -> str:
    """Return all figures of a gap; ``of`` says what a row is of, such as institution, total, country or month."""
    return sheet(GAP_HEAD, gap_rows(document))


def plan_csv(document: PlanDocument) -> str:
    """Return all figures of a plan and of those for a fifth less and more."""
    return sheet(PLAN_HEAD, _plan_rows(document))


def compare_csv(document: CompareDocument) -> str:
    """Return all figures of a comparison."""
    return sheet(COMPARE_HEAD, _compare_rows(document))


def report_csv(document: ReportDocument) -> str:
    """Return all figures of a report in one sheet: ``part`` is gap, plan or comparison.

    A column that a part does not have is empty in its rows. A comparison's ``quantity`` stands under ``measure``.
    """
    parts: list[tuple[str, Sequence[str], Iterator[Cells]]] = [("gap", GAP_HEAD, gap_rows(document.gap))]
    if document.plan:
        parts.append(("plan", PLAN_HEAD, _plan_rows(document.plan)))
    if document.comparison:
        head = ["measure" if name == "quantity" else name for name in COMPARE_HEAD]
        parts.append(("comparison", head, _compare_rows(document.comparison)))
    named = ({"part": part, **dict(zip(head, row, strict=True))} for part, head, found in parts for row in found)
    return sheet(REPORT_HEAD, ([row.get(name) for name in REPORT_HEAD] for row in named))


def _plan_rows(document: PlanDocument) -> Iterator[Cells]:
    ending = [document.period.start, document.period.end, document.as_of]
    for variant in document.variants:
        parts: list[tuple[str, str, Thing | None, Variant | PlanLine]] = [("total", "", None, variant)]
        parts += [("institution", line.institution, line.thing, line) for line in variant.lines]
        for of, name, thing, part in parts:
            for row in rows(of, name, thing, part, document.currency):
                yield [round(variant.budget_change, 6), *row[:-1], *ending]
        for spread in variant.spreads:
            of = "spreadByNeed" if spread.by_need else "spread"
            for row in rows(of, "", spread.thing, spread):
                yield [round(variant.budget_change, 6), *row[:-1], *ending]


def _compare_rows(document: CompareDocument) -> Iterator[Cells]:
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
