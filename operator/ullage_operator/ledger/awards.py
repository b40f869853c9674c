"""Whether what draws on a line of an investment fits what the line was awarded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from . import tables
from .entries import Award, Draw, Entry, Grant, Reversal
from .groups import chunks
from .selection import counts


def line_problems(connection: Connection, new: Sequence[Entry]) -> Iterator[str]:
    """Tell of each line that new entries touch what is drawn on it, or released, without an award in that unit."""
    touched = {entry.line for entry in new if isinstance(entry, Award | Draw | Grant | Reversal) and entry.line}
    for lines in chunks(touched):
        awards = {line: unit for line, *unit in _units(connection, lines, "award")}
        for kind in ("line_grant", "reserve", "unreserve", "expend"):
            for line, *unit in _units(connection, lines, kind):
                if line not in awards:
                    yield (
                        f"line {line}: expected an award that counts, since what is in {kind} draws on it, found none; "
                        "post the award before it, and end it rather than reverse it"
                    )
                elif unit != awards[line]:
                    expected, found = _told(awards[line]), _told(unit)
                    yield f"line {line}: expected {expected} as it was awarded, found {found} in {kind}"


def _units(connection: Connection, lines: Sequence[str], kind: str) -> list[tuple[str, str, str | None]]:
    """Return the lines that have an entry that counts in a table, each with unit and currency."""
    table = tables.metadata.tables[kind]
    query = (
        select(tables.entry.c.line, table.c.unit, table.c.currency)
        .join(tables.entry, tables.entry.c.sequence == table.c.sequence)
        .where(tables.entry.c.line.in_(lines), counts(None))
        .distinct()
        .order_by(tables.entry.c.line)
    )
    return [(line, unit, currency) for line, unit, currency in connection.execute(query)]


def _told(unit: Sequence[str | None]) -> str:
    return " of ".join(str(part) for part in unit if part is not None)
