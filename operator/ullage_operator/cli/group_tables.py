"""Tables of groups: the institutions of each country or kind, and what they have together."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from ullage_operator.report import GapDocument
from ullage_operator.report.gap_parts import Group, GroupLine

from .cells import USE_HEADS, add_row, amount, figures_table, money_cells, share, thing_cells, use_cells
from .gap_tables import spread_cells


def group_supply_table(document: GapDocument, by: str) -> Table:
    """Return supply against need, summed over each group; gaps are clipped before they are summed."""
    heads = ("R", "K", "F", "moved", "S", "gap", "surplus", "S / R", "met")
    table = figures_table(by, "what", "unit", right=heads)
    for group, total in _totals(document, by):
        # Of data, needs, grants and gaps are not summed: several may need and use the same.
        summed = [amount(each) if each else "–" for each in (total.required, total.granted, total.moved)]
        gaps = [amount(each) if each else "–" for each in (total.gap, total.surplus)]
        shares = [share(each) if each else "–" for each in (total.coverage, total.met)]
        required, granted, moved = summed
        supplied = (amount(total.own), granted, moved, amount(total.supply))
        add_row(table, group.name, *thing_cells(total.thing), required, *supplied, *gaps, *shares)
    return table


def group_use_table(document: GapDocument, by: str) -> Table:
    """Return use within allocation of each group."""
    table = figures_table(by, "what", "unit", right=USE_HEADS, last="books")
    for group, total in _totals(document, by):
        if total.use.allocated is not None or total.use.used is not None:
            add_row(table, group.name, *thing_cells(total.thing), *use_cells(total.use))
    return table


def group_worst_table(document: GapDocument, by: str) -> Table:
    """Return what the needs of each group are met least in."""
    table = figures_table(by, "bottleneck", right=("met",))
    for group in _groups(document, by):
        if group.bottleneck is not None:
            add_row(table, group.name, thing_cells(group.bottleneck.thing)[0], share(group.bottleneck.met))
    return table


def group_money_table(document: GapDocument, by: str) -> Table:
    """Return what closing the gaps of each group costs."""
    table = figures_table(by, "currency", right=("gross", "awarded", "net"))
    for group in _groups(document, by):
        for money in group.money:
            add_row(table, group.name, money.currency, *money_cells(money))
    return table


def group_spread_table(document: GapDocument, by: str) -> Table:
    """Return how unequally each thing is spread within each group of two and more."""
    table = figures_table(by, "what", "of", right=("institutions", "Gini", "Theil"))
    for group in _groups(document, by):
        for spread in group.spreads:
            if spread.units > 1:
                what, of, units, gini, theil, *_ = spread_cells(spread)
                add_row(table, group.name, what, of, units, gini, theil)
    return table


def _groups(document: GapDocument, by: str) -> Iterator[Group]:
    return (group for group in document.groups if group.by == by)


def _totals(document: GapDocument, by: str) -> Iterator[tuple[Group, GroupLine]]:
    return ((group, total) for group in _groups(document, by) for total in group.totals)
