"""Cells of tables: figures as people read them. ~ is estimated, ? is unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rich.table import Table
from rich.text import Text

from ullage_operator.gap import Provenance
from ullage_operator.report.gap_parts import Money, Use
from ullage_operator.report.parts import RATIO, Quantity, Thing

from .tables import plain_table

UNITS: Final = {
    "acceleratorHours": "accelerator-h",
    "coreHours": "core-h",
    "hours": "h",
    "flop": "FLOP",
    "kilowattHours": "kWh",
    "tonnesCO2": "t CO2",
}
"""Short forms of units."""
_PREFIXES: Final = ((1e12, "T"), (1e9, "G"), (1e6, "M"))


def figures_table(*left: str, right: tuple[str, ...], last: str = "") -> Table:
    """Return an empty table: texts, then figures, then a text."""
    table = plain_table()
    for name in left:
        table.add_column(name, no_wrap=True)
    for name in right:
        # An estimate with its bounds may need a second line.
        table.add_column(name, justify="right", overflow="fold")
    if last:
        table.add_column(last)
    return table


def add_row(table: Table, *cells: str) -> None:
    """Add cells as they are: a name is no markup."""
    table.add_row(*(Text(cell) for cell in cells))


def thing_cells(thing: Thing) -> tuple[str, str]:
    """Return what is counted, and in what."""
    return f"{thing.resource} {thing.type}", UNITS.get(thing.unit, thing.unit)


def use_cells(use: Use) -> tuple[str, ...]:
    """Return A, the measured share of it, what was not measured, U, A - U, U / A, and the books that tell it."""
    books = use.allocated or use.used
    measured = (share(use.measured_share), amount(use.unmeasured))
    amounts = (amount(use.used), amount(use.idle), share(use.intensity))
    return amount(use.allocated), *measured, *amounts, ", ".join(books.scope.books) if books else ""


USE_HEADS: Final = ("A", "measured", "not measured", "U", "A - U", "U / A")
"""Above these cells, before the books."""


def money_cells(money: Money) -> tuple[str, str, str]:
    """Return gross, awarded and net."""
    least = "at least " if money.at_least else ""
    return least + amount(money.gross), amount(money.awarded), least + amount(money.net)


def amount(found: Quantity | None) -> str:
    """Return a figure without its unit."""
    if found is None:
        return "?"
    return _marked(found, number)


def share(found: Quantity | None) -> str:
    """Return a part of 1 in percent."""
    if found is None or found.unit != RATIO:
        return "?"
    return _marked(found, "{:.1%}".format)


def _marked(found: Quantity, told: Callable[[float], str]) -> str:
    if found.provenance is not Provenance.ESTIMATED:
        return told(found.value)
    bounds = ["?" if bound is None else told(bound) for bound in (found.low, found.high)]
    return f"~{told(found.value)}" + (f" ({' to '.join(bounds)})" if bounds != ["?", "?"] else "")


def number(value: float) -> str:
    """Return a number with few digits, thousands apart, and a prefix where it is large."""
    if abs(value) >= 1e15 or 0 < abs(value) < 0.01:
        return f"{value:.3g}"
    for size, prefix in _PREFIXES:
        if abs(value) >= 10 * size or (abs(value) >= size > 1e6):
            return f"{value / size:,.4g} {prefix}"
    return f"{value:,.2f}".rstrip("0").rstrip(".")
