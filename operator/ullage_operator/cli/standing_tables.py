"""Gaps, plans and comparisons as tables for people: narrow enough for a terminal of 120 columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from rich.table import Table
from rich.text import Text

from ullage_operator.gap import Provenance
from ullage_operator.report import CompareDocument, GapDocument, PlanDocument
from ullage_operator.report.gap_parts import GapLine, GroupLine, Money, Use
from ullage_operator.report.parts import RATIO, Quantity, Thing

from .tables import plain_table

MARKS_NOTE: Final = "~ is estimated, of it (low to high); ? is unknown; – has none."
_UNITS: Final = {
    "acceleratorHours": "accelerator-h",
    "coreHours": "core-h",
    "hours": "h",
    "flop": "FLOP",
    "kilowattHours": "kWh",
    "tonnesCO2": "t CO2",
}
_PREFIXES: Final = ((1e12, "T"), (1e9, "G"), (1e6, "M"))


def supply_table(document: GapDocument) -> Table:
    """Return supply against need: a line an institution and thing, and the totals."""
    table = _table("institution", "what", "unit", right=("R", "K", "F", "moved", "S", "gap", "coverage"))
    for line in document.lines:
        moved = _amount(line.moved) if line.moved else "–"
        amounts = [_amount(line.own), _amount(line.granted), moved, _amount(line.supply), _amount(line.gap)]
        _row(table, line.institution, *_thing(line.thing), _amount(line.required), *amounts, _share(line.coverage))
    for total in document.totals:
        # Of data, needs and gaps are not summed: several may need the same.
        required, gap = (_amount(each) if each else "–" for each in (total.required, total.gap))
        _row(table, "total", *_thing(total.thing), required, "", "", "", _amount(total.supply), gap, _share(total.met))
    return table


def use_table(document: GapDocument) -> Table:
    """Return use within allocation: what was held (A), and what of it was used (U)."""
    table = _table("institution", "what", "unit", right=("A", "of it measured", "U", "A - U", "U / A"), last="books")
    told: list[tuple[str, GapLine | GroupLine]] = [(line.institution, line) for line in document.lines]
    told += [("total", total) for total in document.totals]
    for name, line in told:
        if line.use.allocated is not None or line.use.used is not None:
            _row(table, name, *_thing(line.thing), *_use(line.use))
    for each in document.unattributed:
        _row(table, "unattributed", *_thing(each.thing), *_use(each.use))
    return table


def money_table(document: GapDocument) -> Table:
    """Return what closing the gaps costs, institution by institution and in all."""
    table = _table("institution", "currency", right=("gross", "awarded", "net"))
    for money in (*document.money, *document.money_totals):
        _row(table, money.institution or "total", money.currency, *_money(money))
    return table


def plan_table(document: PlanDocument) -> Table:
    """Return what a plan gives, and coverage before and after."""
    table = _table("institution", "what", "unit", right=("given", "cost", "gap before", "after", "coverage", "after"))
    for line in document.chosen.lines:
        amounts = [_amount(each) for each in (line.amount, line.cost, line.gap_before, line.gap_after)]
        coverage = (line.coverage_before, line.coverage_after)
        _row(table, line.institution, *_thing(line.thing), *amounts, *map(_share, coverage))
    return table


def variants_table(document: PlanDocument) -> Table:
    """Return what the budget does, and what a fifth less and a fifth more would."""
    heads = (document.currency, "spent", "left", "cost of gaps", "after", "least coverage", "after")
    table = _table("budget", right=heads)
    for each in document.variants:
        change = f"{each.budget_change:+.0%}" if each.budget_change else "asked for"
        amounts = (each.budget, each.cost, each.left, each.gap_cost_before, each.gap_cost_after)
        least = (each.least_coverage_before, each.least_coverage_after)
        _row(table, change, *map(_amount, amounts), *map(_share, least))
    return table


def compare_table(document: CompareDocument) -> Table:
    """Return trainings beside each other: figure, how many times that of the first, and the source's number."""
    table = _table("quantity", "training", "unit", right=("figure", "times", "orders of magnitude", "source"))
    numbers = {source: str(place) for place, source in enumerate(_sources(document), start=1)}
    for quantity in document.quantities:
        for cell in quantity.cells:
            if cell.figure is None:
                continue
            ratio = "?" if cell.ratio is None else _number(cell.ratio)
            orders = "?" if cell.orders_of_magnitude is None else f"{cell.orders_of_magnitude:+.1f}"
            kind = "" if cell.kind == cell.figure.unit else f" {cell.kind}"
            unit = _UNITS.get(cell.figure.unit, cell.figure.unit) + kind.rstrip()
            name = quantity.quantity.replace("_", " ")
            _row(table, name, cell.name, unit, _amount(cell.figure), ratio, orders, numbers[cell.source])
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


def _table(*left: str, right: tuple[str, ...], last: str = "") -> Table:
    table = plain_table()
    for name in left:
        table.add_column(name, no_wrap=True)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    if last:
        table.add_column(last)
    return table


def _row(table: Table, *cells: str) -> None:
    """Add cells as they are: a name is no markup."""
    table.add_row(*(Text(cell) for cell in cells))


def _thing(thing: Thing) -> tuple[str, str]:
    return f"{thing.resource} {thing.type}", _UNITS.get(thing.unit, thing.unit)


def _use(use: Use) -> tuple[str, ...]:
    books = use.allocated or use.used
    amounts = (_amount(use.used), _amount(use.idle), _share(use.intensity))
    return _amount(use.allocated), _share(use.measured_share), *amounts, ", ".join(books.scope.books) if books else ""


def _money(money: Money) -> tuple[str, ...]:
    least = "at least " if money.at_least else ""
    return least + _amount(money.gross), _amount(money.awarded), least + _amount(money.net)


def _amount(found: Quantity | None) -> str:
    if found is None:
        return "?"
    return _marked(found, _number)


def _share(found: Quantity | None) -> str:
    """Return a part of 1 in percent."""
    if found is None or found.unit != RATIO:
        return "?"
    return _marked(found, "{:.1%}".format)


def _marked(found: Quantity, told: Callable[[float], str]) -> str:
    if found.provenance is not Provenance.ESTIMATED:
        return told(found.value)
    bounds = ["?" if bound is None else told(bound) for bound in (found.low, found.high)]
    return f"~{told(found.value)}" + (f" ({' to '.join(bounds)})" if bounds != ["?", "?"] else "")


def _number(value: float) -> str:
    if abs(value) >= 1e15:
        return f"{value:.3g}"
    for size, prefix in _PREFIXES:
        if abs(value) >= 10 * size or (abs(value) >= size > 1e6):
            return f"{value / size:,.4g} {prefix}"
    return f"{value:,.2f}".rstrip("0").rstrip(".")
