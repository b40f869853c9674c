"""Gaps, plans and comparisons as tables for people: narrow enough for a terminal of 120 columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.table import Table

from ullage_operator.gap import Provenance, Resource
from ullage_operator.report import CompareDocument, GapDocument, PlanDocument
from ullage_operator.report.gap_parts import GapLine, GroupLine
from ullage_operator.report.parts import Quantity

from .cells import UNITS, USE_HEADS, add_row, amount, figures_table, money_cells, number, share, thing_cells, use_cells

MARKS_NOTE: Final = "~ is estimated, of it (low to high); ? is unknown; – has none."


def supply_table(document: GapDocument) -> Table:
    """Return supply against need: a line an institution and thing, and the totals."""
    table = figures_table("institution", "what", "unit", right=("R", "K", "F", "moved", "S", "gap", "coverage"))
    for line in document.lines:
        moved = amount(line.moved) if line.moved else "–"
        amounts = [amount(line.own), amount(line.granted), moved, amount(line.supply), amount(line.gap)]
        add_row(
            table, line.institution, *thing_cells(line.thing), amount(line.required), *amounts, share(line.coverage)
        )
    for total in document.totals:
        if not total.members:
            continue
        # Of data, needs, grants and gaps are not summed: several may need and use the same.
        required, granted, moved, gap = (
            amount(each) if each else "–" for each in (total.required, total.granted, total.moved, total.gap)
        )
        amounts = [amount(total.own), granted, moved, amount(total.supply), gap]
        add_row(table, "total", *thing_cells(total.thing), required, *amounts, share(total.met) if total.met else "–")
    return table


def use_table(document: GapDocument) -> Table:
    """Return use within allocation: what was held (A), what of it was used (U), and A on own machines."""
    table = figures_table("institution", "what", "unit", right=(*USE_HEADS, "A on own"), last="books")
    told: list[tuple[str, GapLine | GroupLine]] = [(line.institution, line) for line in document.lines]
    told += [("total", total) for total in document.totals]
    for name, line in told:
        if line.use.allocated is not None or line.use.used is not None:
            *use, books = use_cells(line.use)
            own = amount(line.own_allocated) if line.thing.resource is Resource.COMPUTE else "–"
            add_row(table, name, *thing_cells(line.thing), *use, own, books)
    for each in document.unattributed:
        *use, books = use_cells(each.use)
        add_row(table, "unattributed", *thing_cells(each.thing), *use, "–", books)
    for other in document.undeclared:
        *use, books = use_cells(other.use)
        add_row(table, f"{other.institution}, not declared", *thing_cells(other.thing), *use, "–", books)
    return table


def money_table(document: GapDocument) -> Table:
    """Return what closing the gaps costs, institution by institution and in all."""
    table = figures_table("institution", "currency", right=("gross", "awarded", "net"))
    for money in (*document.money, *document.money_totals):
        add_row(table, money.institution or "total", money.currency, *money_cells(money))
    return table


def plan_table(document: PlanDocument) -> Table:
    """Return what a plan gives, and coverage before and after."""
    table = figures_table(
        "institution", "what", "unit", right=("given", "cost", "gap before", "after", "coverage", "after")
    )
    for line in document.chosen.lines:
        amounts = [amount(each) for each in (line.amount, line.cost, line.gap_before, line.gap_after)]
        coverage = (line.coverage_before, line.coverage_after)
        add_row(table, line.institution, *thing_cells(line.thing), *amounts, *map(share, coverage))
    return table


def variants_table(document: PlanDocument) -> Table:
    """Return what the budget does, and what a fifth less and a fifth more would."""
    heads = (document.currency, "spent", "left", "cost of gaps", "after", "least coverage", "after")
    table = figures_table("budget", right=heads)
    for each in document.variants:
        change = f"{each.budget_change:+.0%}" if each.budget_change else "asked for"
        amounts = (each.budget, each.cost, each.left, each.gap_cost_before, each.gap_cost_after)
        least = (each.least_coverage_before, each.least_coverage_after)
        add_row(table, change, *map(amount, amounts), *map(share, least))
    return table


def compare_table(document: CompareDocument) -> Table:
    """Return trainings beside each other: figure, how many times that of the first, and the source's number."""
    table = figures_table("quantity", "training", "unit", right=("figure", "times", "orders of magnitude", "source"))
    numbers = {source: str(place) for place, source in enumerate(_sources(document), start=1)}
    for quantity in document.quantities:
        for cell in quantity.cells:
            if cell.figure is None:
                continue
            ratio = "?" if cell.ratio is None else number(cell.ratio)
            orders = "?" if cell.orders_of_magnitude is None else f"{cell.orders_of_magnitude:+.1f}"
            kind = "" if cell.kind == cell.figure.unit else f" {cell.kind}"
            unit = UNITS.get(cell.figure.unit, cell.figure.unit) + kind.rstrip()
            name = quantity.quantity.replace("_", " ")
            add_row(table, name, cell.name, unit, amount(cell.figure), ratio, orders, numbers[cell.source])
    return table


def compare_sources(document: CompareDocument) -> list[str]:
    """Return the sources of a comparison, each with the number that its table has for it."""
    return [f"[{place}] {source}" for place, source in enumerate(_sources(document), start=1)]


def told_as(document: GapDocument) -> str:
    """Return how the figures of a gap are known, and their scope, in a sentence."""
    needs = _known_as(each for line in document.lines for each in (line.required, line.own, line.granted))
    used = _known_as(each for line in document.lines for each in (line.use.allocated, line.use.used))
    books = ", ".join(document.books) or "none were read"
    period = f"{document.period.start[:16]}Z to {document.period.end[:16]}Z"
    return f"{period}, as of {document.as_of}. R, K, F: {needs}. A, U: {used}; books: {books}. {MARKS_NOTE}"


def _sources(document: CompareDocument) -> list[str]:
    cells = (cell for each in document.quantities for cell in each.cells)
    return list(dict.fromkeys(cell.source for cell in cells if cell.figure))


def _known_as(found: Iterable[Quantity | None]) -> str:
    there = {each.provenance for each in found if each}
    return ", ".join(each.value for each in Provenance if each in there) or "unknown"
