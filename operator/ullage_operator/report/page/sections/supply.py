"""Supply against need, and coverage, institution by institution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ullage_operator.report.gap_parts import GapDocument, GapLine, GroupLine
from ullage_operator.report.page.pictures import Bar, Dot, DotRow, Mark, Told, bars, dots
from ullage_operator.report.page.pictures.marks import IN_TURN
from ullage_operator.report.page.views import Column, Item, Picture, Section, Writer
from ullage_operator.report.parts import Thing

from .drawn import more, shown
from .groups import covered_table, sums_table


def supply(writer: Writer, gap: GapDocument) -> Section:
    """Return R, K, F, S, gap and surplus of each institution, and of all."""
    words = writer.words
    keys = ("institution", "thing", "required", "own", "granted", "moved", "supply", "gap", "surplus")
    rows = [_row(writer, line) for line in gap.lines]
    tables = [writer.table("supply", words("table.supply"), writer.columns(*keys), rows)]
    everyone = _summed(writer, gap)
    tables.append(sums_table(writer, "totals", words("table.totals"), words("institution"), everyone))
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
    everyone = _summed(writer, gap)
    caption = words("table.totals_coverage")
    totals = covered_table(writer, "totals-coverage", caption, words("institution"), everyone)
    pictures = [_coverage_picture(writer, gap)] if any(line.coverage for line in gap.lines) else []
    return Section("coverage", words("intro.coverage"), pictures=pictures, tables=[bottlenecks, covered, totals])


def _summed(writer: Writer, gap: GapDocument) -> list[tuple[str, Sequence[GroupLine]]]:
    """Return the sums of what declared institutions have or need; what others alone used has none."""
    return [(writer.words("all_institutions"), [total for total in gap.totals if total.members])]


def _coverage_columns(writer: Writer) -> list[Column]:
    return writer.columns("institution", "thing", "coverage", "gap_fte")


def _row(writer: Writer, line: GapLine) -> list[Item]:
    moved: Item = line.moved or writer.words("none")
    amounts: list[Item] = [line.required, line.own, line.granted, moved, line.supply, line.gap, line.surplus]
    return [writer.name(line.institution), writer.thing_cell(line.thing), *amounts]


def _fte(writer: Writer, line: GapLine) -> Item:
    return line.gap_fte if line.gap_fte or line.thing.resource == "talent" else writer.words("none")


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
    marks = {total.thing: IN_TURN[place % len(IN_TURN)] for place, total in enumerate(gap.totals) if total.members}
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
