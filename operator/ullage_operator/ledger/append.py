"""Writing at the end of the books, within a transaction: what is new, where it counts, and whether it adds up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from . import tables
from .awards import line_problems
from .entries import Close, Entry
from .errors import ConflictingEntry, RefusedEntry
from .groups import chunks, problems, touched
from .late import booking
from .rows import GENESIS, Place, Stored, read, to_entry, to_stored, write
from .selection import counts, of_types, only, posted


@dataclass(frozen=True)
class Pen:
    """Who writes, and when."""

    cluster: str
    """Whose ledger it is."""
    now_ms: Callable[[], int]
    """The clock: milliseconds since 1970, UTC."""


def append(connection: Connection, entries: Sequence[Entry], pen: Pen) -> int:
    """Write what is new among entries and return how many that are.

    Raises
    ------
    ConflictingEntry
        An entry with the same id states other facts.
    RefusedEntry
        Books would not add up with them.
    """
    new = _new(connection, entries)
    if new:
        _write(connection, new, pen)
        if found := [*problems(touched(connection, new)), *line_problems(connection, new)]:
            raise RefusedEntry(found)
    return len(new)


def _write(connection: Connection, new: Sequence[Entry], pen: Pen) -> None:
    column = tables.entry.c
    last = select(column.sequence, column.hash, column.posted_at_ms).order_by(column.sequence.desc()).limit(1)
    sequence, previous, last_at_ms = connection.execute(last).one_or_none() or (0, GENESIS, 0)
    # A clock that goes back does not move what was posted: the books stay in order.
    posted_at_ms = max(pen.now_ms(), last_at_ms)
    closes = [one.entry for one in only(posted(connection, of_types(Close) & counts(None)), Close)]
    booked = booking(connection, new, closes) if closes else {}
    chain: list[Stored] = []
    for entry in new:
        sequence += 1
        stored = to_stored(entry, Place(sequence, pen.cluster, posted_at_ms, previous, booked.get(entry.id)))
        previous = str(stored.entry["hash"])
        chain.append(stored)
    write(connection, chain)


def _new(connection: Connection, entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries that the ledger does not hold, each once, and refuse those that contradict it."""
    held = {
        entry.id: entry
        for ids in chunks({entry.id for entry in entries})
        for entry in map(to_entry, read(connection, tables.entry.c.id.in_(ids)))
    }
    new: list[Entry] = []
    conflicts: list[str] = []
    for entry in entries:
        if entry.id not in held:
            held[entry.id] = entry
            new.append(entry)
        elif entry.facts() != held[entry.id].facts():
            conflicts.append(_conflict(entry, held[entry.id]))
    if conflicts:
        raise ConflictingEntry(conflicts)
    return new


def _conflict(entry: Entry, held: Entry) -> str:
    mine, theirs = entry.facts(), held.facts()
    differing = ", ".join(
        f"{name} {theirs[name]!r}, found {value!r}" for name, value in mine.items() if value != theirs[name]
    )
    correction = held.id_of_revision(held.revision + 1)
    return f"{entry.id}: expected what the ledger holds: {differing}; to correct it, reverse it and post {correction}"
