"""Supply against need, and coverage, institution by institution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ullage_operator.report.gap_parts import GapDocument, GapLine, GroupLine
from ullage_operator.report.page.pictures import Bar, Dot, DotRow, Mark, Told, bars, dots
from ullage_operator.report.page.pictures.marks import IN_TURN
from ullage_operator.report.page.views import Cell, Column, Item, Picture, Section, Table, Writer
from ullage_operator.report.parts import Thing

MOST_ROWS: Final = 25
"""A picture shows no more institutions: those with the largest gaps."""


def supply(writer: Writer, gap: GapDocument) -> Section:
    """Return R, K, F, S, gap and surplus of each institution, of all, and of groups."""
    words = writer.words
    keys = ("institution", "thing", "required", "own", "granted", "moved", "supply", "gap", "surplus")
    rows = [_row(writer, line) for line in gap.lines]
    tables = [writer.table("supply", words("table.supply"), writer.columns(*keys), rows)]
    totals = [_total_row(writer, total, words("all_institutions")) for total in gap.totals if total.members]
    tables.append(_totals_table(writer, "totals", words("table.totals"), words("institution"), totals))
    heads = {"country": words("country"), "kind": words("kind")}
    for by in dict.fromkeys(group.by for group in gap.groups):
        told = [
            _total_row(writer, total, _group_name(writer, by, group.name))
            for group in gap.groups
            if group.by == by
            for total in group.totals
        ]
        caption = words("table.groups", by=heads[by])
        tables.append(_totals_table(writer, f"groups-{by}", caption, heads[by], told))
    pictures = [picture for total in gap.totals if (picture := _need_picture(writer, gap, total.thing))]
    return Section("supply", words("intro.supply"), pictures=pictures, tables=tables)


def coverage(writer: Writer, gap: GapDocument) -> Section:
    """Return how far each institution's needs are covered, and its bottleneck."""
    words = writer.words
    rows: list[Sequence[Item]] = [
        [writer.name(line.institution), writer.thing(line.thing), line.coverage, _fte(writer, line)]
        for line in gap.lines
    ]
    covered = writer.table("coverage", words("section.coverage"), _coverage_columns(writer), rows)
    worst: list[Sequence[Item]] = [
        [writer.name(each.institution), writer.thing(each.thing), each.coverage] for each in gap.bottlenecks
    ]
    bottlenecks = writer.table(
        "bottlenecks", words("table.bottlenecks"), writer.columns("institution", "thing", "coverage"), worst
    )
    pictures = [_coverage_picture(writer, gap)] if any(line.coverage for line in gap.lines) else []
    return Section("coverage", words("intro.coverage"), pictures=pictures, tables=[bottlenecks, covered])


def shown(lines: Sequence[GapLine]) -> list[GapLine]:
    """Return the lines that a picture has room for, in their order."""
    largest = sorted(lines, key=lambda line: -(line.gap.value if line.gap else 0))[:MOST_ROWS]
    return [line for line in lines if line in largest]


def more(writer: Writer, lines: Sequence[GapLine], caption: str) -> str:
    """Return where a picture's figures are, and how many it leaves out."""
    note = writer.words("data_below", table=caption)
    if len(lines) <= MOST_ROWS:
        return note
    return f"{note} {writer.words('and_more', count=len(lines) - MOST_ROWS)}"


def _coverage_columns(writer: Writer) -> list[Column]:
    return writer.columns("institution", "thing", "coverage", "gap_fte")


def _row(writer: Writer, line: GapLine) -> list[Item]:
    moved: Item = line.moved or writer.words("none")
    amounts: list[Item] = [line.required, line.own, line.granted, moved, line.supply, line.gap, line.surplus]
    return [writer.name(line.institution), writer.thing_cell(line.thing), *amounts]


def _fte(writer: Writer, line: GapLine) -> Item:
    return line.gap_fte if line.gap_fte or line.thing.resource == "talent" else writer.words("none")


def _total_row(writer: Writer, total: GroupLine, name: str) -> list[Item]:
    none = Cell(writer.words("none"))
    # Of data, needs and gaps are not unknown: they are not summed.
    needs: list[Item] = [total.required, total.gap, total.surplus, total.met]
    if writer.data(total.thing):
        needs = [none, none, none, none]
    required, gap, surplus, met = needs
    fte: Item = total.gap_fte or none
    return [name, writer.thing_cell(total.thing), required, total.supply, total.pooled, gap, fte, surplus, met]


def _totals_table(writer: Writer, key: str, caption: str, head: str, rows: list[list[Item]]) -> Table:
    heads = ("institution", "thing", "required", "supply", "pooled", "gap", "gap_fte", "surplus", "met")
    columns = [Column(head), *writer.columns(*heads[1:])]
    return writer.table(key, caption, columns, rows)


def _group_name(writer: Writer, by: str, name: str) -> str:
    if by == "country":
        return writer.words.country(name)
    return writer.words(f"kind_of.{name}") if writer.words.has(f"kind_of.{name}") else name


def _need_picture(writer: Writer, gap: GapDocument, thing: Thing) -> Picture | None:
    words, unit = writer.words, writer.words.unit(thing.unit)
    lines = [line for line in gap.lines if line.thing == thing and line.required]
    if not lines:
        return None
    rows, told = [], []
    for line in shown(lines):
        need = line.required.value if line.required else 0.0
        parts = [(need, Mark.NEED), (max(line.supply.value, 0.0), Mark.SUPPLY)]
        rows.append(Bar(writer.name(line.institution), parts, writer.amount(line.coverage) if line.coverage else ""))
        amounts = {"required": writer.amount(line.required), "supply": writer.amount(line.supply)}
        told.append(words("picture.supply_line", institution=writer.name(line.institution), **amounts))
    title = words("picture.supply", thing=writer.thing(thing))
    description = words("picture.supply_told", unit=unit, lines=" ".join(told))
    key = f"supply-{gap.totals.index(next(each for each in gap.totals if each.thing == thing))}"
    legend = [(words("picture.need"), Mark.NEED), (words("picture.supplied"), Mark.SUPPLY)]
    svg = bars(Told(key, title, description, unit), rows, legend, words.number, stacked=False)
    return Picture(svg, title, more(writer, lines, words("table.supply")))


def _coverage_picture(writer: Writer, gap: GapDocument) -> Picture:
    words = writer.words
    marks = {total.thing: IN_TURN[place % len(IN_TURN)] for place, total in enumerate(gap.totals)}
    covered = [line for line in gap.lines if line.coverage]
    names = list(dict.fromkeys(line.institution for line in shown(covered)))
    rows = [
        DotRow(
            writer.name(name),
            [
                Dot(line.coverage.value * 100, marks[line.thing])
                for line in covered
                if line.institution == name and line.coverage
            ],
        )
        for name in names
    ]
    told = " ".join(_coverage_lines(writer, covered))
    title = words("picture.coverage")
    about = Told("coverage", title, words("picture.coverage_told", lines=told), f"{words('column.coverage')}, %")
    legend = [(writer.thing(thing), mark) for thing, mark in marks.items()]
    return Picture(
        dots(about, rows, legend, words.number, line_at=100.0),
        title,
        words("data_below", table=words("section.coverage")),
    )


def _coverage_lines(writer: Writer, covered: Sequence[GapLine]) -> Iterator[str]:
    for line in covered:
        name, thing = writer.name(line.institution), writer.thing(line.thing)
        yield writer.words(
            "picture.coverage_line", institution=name, thing=thing, coverage=writer.amount(line.coverage)
        )
