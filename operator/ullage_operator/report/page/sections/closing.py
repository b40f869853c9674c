"""What is unknown, and what the letters mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ullage_operator.report.gap_parts import GapDocument, GapLine, Unknown
from ullage_operator.report.page.views import Item, Section, Writer

LETTERS: Final = ("R", "K", "F", "S", "A", "U")


def unknown(writer: Writer, gap: GapDocument) -> Section:
    """Return all that the document does not know."""
    words = writer.words
    rows: list[Sequence[Item]] = [
        [writer.name(line.institution), writer.thing(line.thing), _why(writer, line, each)]
        for line in gap.lines
        for each in line.unknown
    ]
    if not rows:
        return Section("unknown", words("note.nothing_unknown"))
    columns = writer.columns("institution", "thing", "why")
    return Section("unknown", tables=[writer.table("unknown-lines", words("table.unknown"), columns, rows)])


def glossary(writer: Writer) -> Section:
    """Return what the letters mean."""
    words = writer.words
    rows = [[letter, words(f"glossary.{letter}")] for letter in LETTERS]
    columns = [*writer.columns("glossary_letter"), *writer.columns("meaning")]
    return Section("glossary", tables=[writer.table("letters", words("table.glossary"), columns, rows)])


def _why(writer: Writer, line: GapLine, each: Unknown) -> str:
    amount, unit = writer.amount(line.use.unmeasured), writer.words.unit(line.thing.unit)
    why = writer.words(f"unknown_why.{each}", amount=amount, unit=unit, ended=(line.need_ended or "")[:10])
    if each is not Unknown.NEED_AMOUNT or line.need_lacks is None:
        return why
    return writer.words(f"lacks.{line.need_lacks.what}", why=why, name=line.need_lacks.name)
