"""Use within allocation: what was held, what of it was used, and what nobody held."""

from __future__ import annotations

from collections.abc import Sequence

from ullage_operator.report.gap_parts import GapDocument, Use
from ullage_operator.report.page.pictures import Bar, Mark, Told, bars
from ullage_operator.report.page.views import Cell, Item, Picture, Section, Writer
from ullage_operator.report.parts import Quantity, Thing

from .drawn import more, shown

KEYS = ("thing", "allocated", "measured_share", "used", "idle", "unmeasured", "intensity", "own_allocated")
"""The columns of a row of use, after the one that says whose it is."""


def use(writer: Writer, gap: GapDocument) -> Section:
    """Return A and U of each institution and of all, and the rest of each cluster."""
    words = writer.words
    told: list[tuple[str, Thing, Use, Item]] = [
        (writer.name(line.institution), line.thing, line.use, line.own_allocated) for line in gap.lines
    ]
    told += [(words("all_institutions"), total.thing, total.use, total.own_allocated) for total in gap.totals]
    told += [(words("note.unattributed"), each.thing, each.use, words("none")) for each in gap.unattributed]
    told += [
        (words("note.undeclared", institution=each.institution), each.thing, each.use, words("none"))
        for each in gap.undeclared
    ]
    rows = [use_row(writer, *each) for each in told if is_allocated(each[1], each[2])]
    columns = writer.columns("institution", *KEYS)
    tables = [writer.table("use", words("table.use"), columns, rows)]
    if gap.rests:
        rests: list[Sequence[Item]] = [
            [each.books, writer.thing_cell(each.thing), each.capacity, each.held, each.rest, each.rest_share]
            for each in gap.rests
        ]
        heads = writer.columns("books", "thing", "capacity", "held", "rest", "rest_share")
        tables.append(writer.table("rest", words("table.rest"), heads, rests))
    notes = [words("note.not_idle")] if any(not each.idle for each in gap.rests) else []
    pictures = [picture for total in gap.totals if (picture := _picture(writer, gap, total.thing))]
    return Section("use", words("intro.use"), pictures=pictures, tables=tables, notes=notes)


def is_allocated(thing: Thing, use: Use) -> bool:
    """Tell whether a thing is allocated at all: data and people are not, unless somebody imported it."""
    return thing.resource == "compute" or use.allocated is not None or use.used is not None


def use_row(writer: Writer, name: str, thing: Thing, use: Use, own: Item) -> list[Item]:
    """Return A and U, and the part of A on own machines."""
    # Where nothing was held, or none of it measured, there is no share to know.
    none = Cell(writer.words("none"))
    idle_books = use.allocated is not None and not use.allocated.value
    shares: list[Item] = [use.measured_share, use.used, use.idle, use.unmeasured, use.intensity]
    if idle_books:
        shares = [none if each is None else each for each in shares]
    return [name, writer.thing_cell(thing), use.allocated, *shares, own]


def _picture(writer: Writer, gap: GapDocument, thing: Thing) -> Picture | None:
    words, unit = writer.words, writer.words.unit(thing.unit)
    lines = [line for line in gap.lines if line.thing == thing and line.use.allocated and line.use.allocated.value]
    if not lines or thing.resource != "compute":
        return None
    rows, told = [], []
    for line in shown(lines):
        parts = [(_of(line.use.used), Mark.SUPPLY), (_of(line.use.idle), Mark.GAP)]
        parts.append((_of(line.use.unmeasured), Mark.UNKNOWN))
        note = writer.amount(line.use.intensity) if line.use.intensity else words("unknown")
        rows.append(Bar(writer.name(line.institution), parts, note))
        amounts = {"allocated": writer.amount(line.use.allocated), "used": writer.amount(line.use.used)}
        told.append(words("picture.use_line", institution=writer.name(line.institution), **amounts))
    title = words("picture.use", thing=writer.thing(thing))
    key = f"use-{[each.thing for each in gap.totals].index(thing)}"
    about = Told(key, title, words("picture.use_told", unit=unit, lines=" ".join(told)), unit)
    legend = [(words("picture.used"), Mark.SUPPLY), (words("picture.idle"), Mark.GAP)]
    legend.append((words("picture.unmeasured"), Mark.UNKNOWN))
    svg = bars(about, rows, legend, words.number, stacked=True)
    return Picture(svg, title, more(writer, lines, words("table.use")))


def _of(found: Quantity | None) -> float:
    """Return how long a bar is: there is none of what is taken back, or used beyond what was held."""
    return max(found.value, 0.0) if found else 0.0
