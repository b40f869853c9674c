"""Whether a ledger still says what was posted: the chain of hashes, and the rules by which books add up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError

from . import tables
from .entries import Entry
from .groups import problems
from .rows import GENESIS, Stored, chained, read, to_entry

_TRIGGERS: Final = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
    "WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND relnamespace = current_schema()::regnamespace",
}
"""How each database tells which triggers are at work; on PostgreSQL, not those for a replica's session alone."""


def verify(connection: Connection) -> list[str]:
    """Return everything in the ledger that is not as it was posted, or does not add up; empty when all is well.

    Any change of a row is found, and any row that is missing or was slipped in. What the chain can't show
    by itself is the loss of the last entries with all their details: keep a copy of the last hash elsewhere
    to see that.
    """
    try:
        found = list(_damage(connection))
        if not found:
            stored = read(connection)
            found = [*_strays(connection), *_chain(stored), *_books(stored)]
    except DBAPIError as error:
        return [f"the database can't be read: {error.orig}"]
    return found


def triggers_at_work(connection: Connection) -> set[str]:
    """Return the names of the triggers in the ledger's schema that are not switched off."""
    return set(connection.execute(text(_TRIGGERS[connection.dialect.name])).scalars())


def _damage(connection: Connection) -> Iterator[str]:
    dialect = connection.dialect.name
    if dialect == "sqlite":
        for line in connection.execute(text("PRAGMA integrity_check")).scalars():
            if line != "ok":
                yield f"the database file is damaged: {line}"
    there = triggers_at_work(connection)
    for table in tables.metadata.sorted_tables:
        for trigger in tables.triggers(table.name, dialect):
            if trigger not in there:
                yield f"table {table.name}: expected the trigger {trigger}, which keeps it append-only, found none"


def _strays(connection: Connection) -> Iterator[str]:
    for table in tables.DETAILS:
        stray = select(table.c.sequence).where(table.c.sequence.not_in(select(tables.entry.c.sequence)))
        for sequence in connection.execute(stray).scalars():
            yield f"entry {sequence}: missing, but {table.name} holds details of it"


def _chain(stored: Sequence[Stored]) -> Iterator[str]:
    previous, expected = GENESIS, 1
    for one in stored:
        sequence, found = one.entry["sequence"], one.entry["hash"]
        if sequence != expected:
            yield f"entry {expected}: expected the sequence without gaps, found {sequence} next"
        if one.entry["previous_hash"] != previous:
            yield f"entry {sequence}: expected the hash of the entry before, {previous}, in previous_hash"
        if (computed := chained(one)) != found:
            yield f"entry {sequence}: its facts have the hash {computed}, expected {found} as it was posted"
        previous, expected = str(found), int(sequence or 0) + 1


def _books(stored: Sequence[Stored]) -> Iterator[str]:
    entries: list[Entry] = []
    for one in stored:
        try:
            entry = to_entry(one)
        except ValueError as error:
            yield f"entry {one.entry['sequence']}: it can't be read as an entry: {error}"
            continue
        if entry.id != one.entry["id"]:
            yield f"entry {one.entry['sequence']}: expected the id {entry.id} of its facts, found {one.entry['id']}"
        entries.append(entry)
    yield from problems(entries)
