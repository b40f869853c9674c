"""The trend by month: need, supply and gap of each thing."""

from __future__ import annotations

from collections.abc import Sequence

from ullage_operator.report.gap_parts import GapDocument, GroupLine, Month
from ullage_operator.report.page.pictures import Curve, Mark, Told, curves
from ullage_operator.report.page.views import Cell, Item, Picture, Section, Writer
from ullage_operator.report.parts import Thing


def trend(writer: Writer, gap: GapDocument) -> Section:
    """Return the sums of each month; a picture from two months on."""
    words = writer.words
    rows = [_row(writer, month, total) for month in gap.trend for total in month.totals]
    keys = ("month", "thing", "required", "supply", "gap", "met", "allocated", "used")
    tables = [writer.table("trend", words("table.trend"), writer.columns(*keys), rows)] if rows else []
    if len(gap.trend) < 2:
        note = words("note.trend_one", count=len(gap.trend))
        return Section("trend", words("intro.trend"), tables=tables, notes=[note])
    things = dict.fromkeys(total.thing for month in gap.trend for total in month.totals if total.members)
    pictures = [_picture(writer, gap, thing, place) for place, thing in enumerate(things) if not writer.data(thing)]
    return Section("trend", words("intro.trend"), pictures=pictures, tables=tables)


def _row(writer: Writer, month: Month, total: GroupLine) -> Sequence[Item]:
    none = Cell(writer.words("none"))
    needs: list[Item] = [total.required, total.supply, total.gap, total.met]
    if writer.data(total.thing) or not total.members:
        needs = [none, total.supply, none, none]
    uses: list[Item] = [total.use.allocated, total.use.used]
    if total.thing.resource != "compute":
        uses = [each or none for each in uses]
    return [month.period.start[:7], writer.thing_cell(total.thing), *needs, *uses]


def _picture(writer: Writer, gap: GapDocument, thing: Thing, place: int) -> Picture:
    words, unit = writer.words, writer.words.unit(thing.unit)
    totals = [next((each for each in month.totals if each.thing == thing), None) for month in gap.trend]
    names = [month.period.start[:7] for month in gap.trend]
    marks = (("need", "required", Mark.NEED), ("supplied", "supply", Mark.SUPPLY), ("gap", "gap", Mark.GAP))
    listed = [
        Curve(
            words(f"picture.{label}"),
            [*range(len(names))],
            [found.value if total and (found := getattr(total, name)) else None for total in totals],
            mark,
        )
        for label, name, mark in marks
    ]
    lines = [
        words("picture.trend_line", month=month, **{name: writer.amount(getattr(total, name)) for _, name, _ in marks})
        for month, total in zip(names, totals, strict=True)
        if total
    ]
    title = words("picture.trend", thing=writer.thing(thing))
    about = Told(f"trend-{place}", title, words("picture.trend_told", unit=unit, lines=" ".join(lines)), unit)
    note = words("data_below", table=words("table.trend"))
    return Picture(curves(about, listed, words.number, names=names), title, note)
