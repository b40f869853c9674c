"""Groups of entries whose books are checked together: all of one worker, or all of one subject."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection

from . import subjects, tables, workers
from .entries import Entry, Reversal, WorkerEntry
from .rows import read, to_entry

CHUNK = 500
"""Values in one IN list: every database takes so many."""


def chunks(values: Iterable[str]) -> Iterator[list[str]]:
    """Return values in order, in lists that a query takes."""
    in_order = sorted(values)
    for start in range(0, len(in_order), CHUNK):
        yield in_order[start : start + CHUNK]


def problems(entries: Iterable[Entry]) -> Iterator[str]:
    """Tell everything that does not add up in whole groups, in the order they were posted."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.group, []).append(entry)
    for members in groups.values():
        yield from workers.problems(members) if _of_worker(members[0]) else subjects.problems(members)


def touched(connection: Connection, new: Sequence[Entry]) -> list[Entry]:
    """Return all entries of the groups that some new ones are in."""
    found: list[Entry] = []
    uids = {str(getattr(entry, "worker_uid", "")) for entry in new if _of_worker(entry)}
    for column, values in (
        (tables.entry.c.worker_uid, uids),
        (tables.entry.c.subject, {entry.group for entry in new if not _of_worker(entry)}),
    ):
        for some in chunks(values):
            found += [to_entry(stored) for stored in read(connection, column.in_(some))]
    return found


def _of_worker(entry: Entry) -> bool:
    return isinstance(entry, WorkerEntry) or (isinstance(entry, Reversal) and entry.worker_uid is not None)
