"""Entries as rows of the tables, and the chain of hashes over them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, select, true

from . import subject_rows, tables, worker_rows
from .details import Details, Row
from .entries import BaseEntry, Entry, EntryContext, Reversal, SubjectEntry, WorkerEntry

GENESIS: Final = "0" * 64
"""What stands in the first entry for the hash of the one before."""

_ADDED: Final = {
    tables.entry.name: frozenset({"subject"}),
    tables.hold.name: frozenset({"own_machines"}),
    tables.activity.name: frozenset({"flop_high", "flop_low", "parameters"}),
    tables.reserve.name: frozenset(subject_rows.RATE_COLUMNS),
}
"""Columns that tables did not have from the start: hashes of entries from before were made without them."""

_CONTEXT: Final = tuple(EntryContext.model_fields)
_COMMON: Final = tuple(name for name in BaseEntry.model_fields)


@dataclass(frozen=True)
class Stored:
    """One entry as it stands in the tables."""

    entry: Row
    """The row of the table ``entry``."""
    details: Details
    """Its rows in the tables of details, by the table's name, without the sequence."""


@dataclass(frozen=True)
class Place:
    """Where in the books an entry is posted."""

    sequence: int
    """Its number, from 1 without gaps."""
    cluster: str
    """Whose ledger it is."""
    posted_at_ms: int
    """When it was posted."""
    previous_hash: str
    """The hash of the entry before."""
    booked_ms: int | None = None
    """In which instant it counts, where its own lies in a closed period."""


def to_stored(entry: Entry, place: Place) -> Stored:
    """Return the rows that state an entry, with its place in the chain."""
    from_ms, to_ms = entry.effective_ms
    common: Row = {
        **dict.fromkeys(_CONTEXT),
        **entry.model_dump(mode="json", include=set(_COMMON)),
        **_ownership(entry),
        "sequence": place.sequence,
        "id": entry.id,
        "cluster": place.cluster,
        "type": entry.type,
        "effective_from_ms": from_ms,
        "effective_to_ms": to_ms,
        "posted_at_ms": place.posted_at_ms,
        "reverses": entry.reverses if isinstance(entry, Reversal) else None,
        "reason": entry.reason if isinstance(entry, Reversal) else None,
        "previous_hash": place.previous_hash,
    }
    details = _details(entry)
    if place.booked_ms is not None:
        details[tables.booking.name] = [{"booked_ms": place.booked_ms}]
    return Stored({**common, "hash": chained(Stored(common, details))}, details)


def to_entry(stored: Stored) -> Entry:
    """Return the entry that rows state.

    Raises
    ------
    ValueError
        The rows state no entry: they were changed by other means than posting.
    """
    row = stored.entry
    details = {name: rows for name, rows in stored.details.items() if rows and name != tables.booking.name}
    common: dict[str, object] = {name: row[name] for name in _COMMON}
    if row["worker_uid"] is not None:
        common |= {"context": {name: row[name] for name in _CONTEXT}, "worker_uid": row["worker_uid"]}
    else:
        common["institution"] = row["institution"]
    if row["type"] == Reversal.type:
        facts = {"at_ms": row["effective_from_ms"], "subject": row["subject"]}
        reversal = {"reverses": row["reverses"], "reason": row["reason"]}
        return Reversal.model_validate({**common, **facts, **reversal})
    found = worker_rows.parse(row, common, details) or subject_rows.parse(row, common, details)
    if found is None:
        raise ValueError(f"expected a type of entry that this version knows, found {row['type']!r}")
    return found


def booked_ms(stored: Stored) -> int | None:
    """Return the instant in which an entry counts that was late for its period; None where it was not."""
    for row in stored.details.get(tables.booking.name, []):
        return int(row["booked_ms"] or 0)
    return None


def chained(stored: Stored) -> str:
    """Return the SHA-256, in hex, of all facts of an entry and of the hash before it, as canonical JSON."""
    facts = {name: value for name, value in stored.entry.items() if name != "hash"}
    facts = _told(facts, _ADDED["entry"])
    details = {
        name: [_told(row, _ADDED[name]) for row in rows] if name in _ADDED else rows
        for name, rows in stored.details.items()
        if rows
    }
    # repr: a value that was tampered into a blob has no JSON, but it must have a hash: another one.
    canonical = json.dumps([facts, details], sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=repr)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _told(row: Row, added: frozenset[str]) -> Row:
    """Leave out the columns that were added later, where they tell nothing: what was posted before still holds."""
    return {name: value for name, value in row.items() if value is not None or name not in added}


def read(connection: Connection, where: ColumnElement[bool] | None = None) -> list[Stored]:
    """Return the entries that fulfil a condition on the table ``entry``, in the order they were posted."""
    condition = true() if where is None else where
    entries = connection.execute(select(tables.entry).where(condition).order_by(tables.entry.c.sequence))
    found = {row["sequence"]: Stored(dict(row), {}) for row in entries.mappings()}
    types = {str(stored.entry["type"]) for stored in found.values()}
    for table in tables.DETAILS:
        if where is not None and types.isdisjoint(_TYPES_OF.get(table.name, types)):
            continue
        rows = connection.execute(
            select(table)
            .join(tables.entry, tables.entry.c.sequence == table.c.sequence)
            .where(condition)
            .order_by(*table.primary_key)
        )
        for row in rows.mappings():
            detail = dict(row)
            found[detail.pop("sequence")].details.setdefault(table.name, []).append(detail)
    return list(found.values())


def write(connection: Connection, stored: Sequence[Stored]) -> None:
    """Insert rows, those of one table at once."""
    connection.execute(tables.entry.insert(), [one.entry for one in stored])
    for table in tables.DETAILS:
        rows = [{"sequence": one.entry["sequence"], **row} for one in stored for row in one.details.get(table.name, [])]
        if rows:
            connection.execute(table.insert(), rows)


_TYPES_OF: Final = {table: {kind} for kind, table in (*worker_rows.TABLES, *subject_rows.TABLES)}
"""Which type of entry has its facts in a table: those of no other need no look at it."""


def _ownership(entry: Entry) -> Row:
    context = entry.context if isinstance(entry, WorkerEntry | Reversal) else None
    owned: Row = {"worker_uid": None, "subject": None}
    if context is not None:
        owned |= context.model_dump(mode="json")
    if isinstance(entry, WorkerEntry | Reversal):
        owned["worker_uid"] = entry.worker_uid
    if isinstance(entry, Reversal) and entry.subject is not None:
        owned |= {"institution": entry.institution, "subject": entry.subject}
    if isinstance(entry, SubjectEntry):
        job_uid = getattr(entry, "job_uid", None)
        owned |= {"institution": entry.institution, "subject": entry.group, "job_uid": job_uid}
    return owned


def _details(entry: Entry) -> Details:
    if isinstance(entry, Reversal):
        return {}
    return worker_rows.details(entry) if isinstance(entry, WorkerEntry) else subject_rows.details(entry)
