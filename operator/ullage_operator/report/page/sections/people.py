"""Data and talent: use of data, hours that moved, education."""

from __future__ import annotations

from collections.abc import Sequence

from ullage_operator.report.gap_parts import GapDocument
from ullage_operator.report.page.views import Cell, Item, Section, Writer


def people(writer: Writer, gap: GapDocument) -> Section:
    """Return the accounts of people and the courses."""
    words = writer.words
    moved: list[Sequence[Item]] = [[_holder(writer, each.holder), each.role, each.hours] for each in gap.moved]
    tables = [writer.table("moved", words("table.moved"), writer.columns("holder", "role", "hours"), moved)]
    notes = []
    if gap.courses:
        courses: list[Sequence[Item]] = [
            [
                writer.name(each.institution),
                each.learner_hours,
                Cell(words.number(each.completers), words("provenance.declared"), figure=True),
                words.day(each.completes_at),
            ]
            for each in gap.courses
        ]
        columns = writer.columns("institution", "learner_hours", "completers", "completes_at")
        tables.append(writer.table("courses", words("table.courses"), columns, courses))
        notes.append(words("note.education"))
    return Section("people", words("intro.people"), tables=tables, notes=notes)


def _holder(writer: Writer, holder: str) -> str:
    boundary, _, country = holder.partition(":")
    if boundary == "abroad":
        return writer.words("boundary.abroad", country=writer.words.country(country))
    return writer.words(f"boundary.{holder}") if writer.words.has(f"boundary.{holder}") else writer.name(holder)
