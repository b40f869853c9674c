"""What closing the gaps costs: gross, awarded, net, and what has no price."""

from __future__ import annotations

from collections.abc import Sequence

from ullage_operator.report.gap_parts import GapDocument, Money
from ullage_operator.report.page.views import AtLeast, Item, Section, Writer
from ullage_operator.report.parts import Quantity


def money(writer: Writer, gap: GapDocument) -> Section:
    """Return money by institution and in all."""
    words = writer.words
    every = (*gap.money, *gap.money_totals)
    rows: list[Sequence[Item]] = [
        [
            _name(writer, each),
            each.currency,
            least(each, each.gross),
            each.awarded,
            least(each, each.net),
        ]
        for each in every
    ]
    columns = writer.columns("institution", "currency", "gross", "awarded", "net")
    costs: list[Sequence[Item]] = [
        [_name(writer, each), writer.thing(cost.thing), cost.cost] for each in every for cost in each.costs
    ]
    unpriced: list[Sequence[Item]] = [
        [writer.name(each.institution), writer.thing_cell(each.thing), each.gap, found.currency]
        for found in gap.money_totals
        for each in found.unpriced
    ]
    tables = [
        writer.table("money", words("table.money"), columns, rows),
        writer.table("costs", words("table.costs"), writer.columns("institution", "thing", "cost"), costs),
    ]
    if unpriced:
        heads = writer.columns("institution", "thing", "gap", "currency")
        tables.append(writer.table("unpriced", words("table.unpriced"), heads, unpriced))
    return Section("money", words("intro.money"), tables=tables, notes=[words("note.no_exchange")])


def _name(writer: Writer, found: Money) -> str:
    return writer.words("all_institutions") if found.institution is None else writer.name(found.institution)


def least(found: Money, amount: Quantity) -> Item:
    """Return a sum, as a lower bound where it is one."""
    return AtLeast(amount) if found.at_least else amount
