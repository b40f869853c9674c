"""By country and by kind: what the institutions of each have together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ullage_operator.report.gap_parts import GapDocument, Group, GroupLine
from ullage_operator.report.page.views import Cell, Column, Item, Section, Table, Writer

from .money import least
from .use import KEYS, is_allocated, use_row

_SUMS = ("thing", "required", "own", "granted", "moved", "supply", "pooled", "gap", "surplus")
_COVERED = ("thing", "gap_fte", "coverage", "met")
_COEFFICIENTS = ("gini", "theil")


def groups(writer: Writer, gap: GapDocument) -> Section:
    """Return sums, coverage, use, money, bottleneck and disparity of each country and kind."""
    tables = [table for by in dict.fromkeys(group.by for group in gap.groups) for table in _tables(writer, gap, by)]
    return Section("groups", writer.words("intro.groups"), tables=tables)


def sums_table(
    writer: Writer, key: str, caption: str, head: str, named: Sequence[tuple[str, Sequence[GroupLine]]]
) -> Table:
    """Return R, K, F, S, gap and surplus of several institutions together."""
    rows = [[name, *_sums(writer, total)] for name, totals in named for total in totals]
    return writer.table(key, caption, [Column(head), *writer.columns(*_SUMS)], rows)


def covered_table(
    writer: Writer, key: str, caption: str, head: str, named: Sequence[tuple[str, Sequence[GroupLine]]]
) -> Table:
    """Return how far the needs of several institutions together are covered; of data needs are not summed."""
    rows = [
        [name, writer.thing_cell(total.thing), total.gap_fte or writer.words("none"), total.coverage, total.met]
        for name, totals in named
        for total in totals
        if not writer.data(total.thing)
    ]
    return writer.table(key, caption, [Column(head), *writer.columns(*_COVERED)], rows)


def _tables(writer: Writer, gap: GapDocument, by: str) -> Iterator[Table]:
    words = writer.words
    head = {"country": words("country"), "kind": words("kind")}[by]
    found = [group for group in gap.groups if group.by == by]
    named = [(_name(writer, group), group.totals) for group in found]
    yield sums_table(writer, f"groups-{by}", words("table.groups", by=head), head, named)
    yield covered_table(writer, f"groups-{by}-coverage", words("table.groups_coverage", by=head), head, named)
    uses = [
        use_row(writer, name, total.thing, total.use, total.own_allocated)
        for name, totals in named
        for total in totals
        if is_allocated(total.thing, total.use)
    ]
    columns = [Column(head), *writer.columns(*KEYS)]
    yield writer.table(f"groups-{by}-use", words("table.groups_use", by=head), columns, uses)
    money: list[Sequence[Item]] = [
        [_name(writer, group), each.currency, least(each, each.gross), each.awarded, least(each, each.net)]
        for group in found
        for each in group.money
    ]
    columns = [Column(head), *writer.columns("currency", "gross", "awarded", "net")]
    yield writer.table(f"groups-{by}-money", words("table.groups_money", by=head), columns, money)
    worst: list[Sequence[Item]] = [
        [_name(writer, group), writer.thing(group.bottleneck.thing), group.bottleneck.met]
        for group in found
        if group.bottleneck
    ]
    columns = [Column(head), *writer.columns("thing", "met")]
    yield writer.table(f"groups-{by}-worst", words("table.groups_worst", by=head), columns, worst)
    spread = [row for group in found for row in _spreads(writer, group)]
    columns = [Column(head), *writer.columns("thing", "measure", *_COEFFICIENTS, coefficients=_COEFFICIENTS)]
    yield writer.table(f"groups-{by}-spread", words("table.groups_spread", by=head), columns, spread)


def _sums(writer: Writer, total: GroupLine) -> list[Item]:
    none = Cell(writer.words("none"))
    moved: Item = total.moved or none
    amounts: list[Item] = [total.required, total.own, total.granted, moved, total.supply, total.pooled]
    gaps: list[Item] = [total.gap, total.surplus]
    if writer.data(total.thing):
        # Of data, needs and gaps are not unknown: they are not summed.
        amounts, gaps = [none if each is None else each for each in amounts], [none, none]
    return [writer.thing_cell(total.thing), *amounts, *gaps]


def _spreads(writer: Writer, group: Group) -> Iterator[Sequence[Item]]:
    """Yield how unequally each thing is spread within a group: one institution alone has no disparity."""
    for each in group.spreads:
        if each.units > 1:
            measure = writer.words("measure.coverage" if each.by_need else "measure.supply")
            yield [_name(writer, group), writer.thing(each.thing), measure, each.gini, each.theil]


def _name(writer: Writer, group: Group) -> str:
    if group.by == "country":
        return writer.words.country(group.name)
    return writer.words(f"kind_of.{group.name}") if writer.words.has(f"kind_of.{group.name}") else group.name
