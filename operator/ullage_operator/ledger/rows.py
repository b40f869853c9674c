"""Entries as rows of the tables, rows as entries, and the chain of hashes over them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, Table, select, true

from ullage_trainer.config import Usage, Use

from . import tables
from .energy import Energy
from .entries import Activity, BaseEntry, DataUse, Entry, EntryContext, HoldOpened, HoldReleased, Reversal

Row = dict[str, int | str | None]

GENESIS: Final = "0" * 64
"""What stands in the first entry for the hash of the one before."""

_CONTEXT: Final = tuple(EntryContext.model_fields)
_COMMON: Final = ("worker_uid", "line", "provenance", "source", "author", "revision")
_USAGE: Final = tuple(Usage.model_fields)
_USE: Final = tuple(Use.model_fields)
_HOLD: Final = ("stage", "attempt", "slots", "accelerators", "accelerator_type", "cpu_millis", "memory_mib")
_JOULES: Final = ("joules", "joules_low", "joules_high")


@dataclass(frozen=True)
class Stored:
    """One entry as it stands in the tables."""

    entry: Row
    """The row of the table ``entry``."""
    details: dict[str, list[Row]]
    """Its rows in the tables of details, by the table's name, without the sequence."""


def to_stored(entry: Entry, *, sequence: int, cluster: str, posted_at_ms: int, previous_hash: str) -> Stored:
    """Return the rows that state an entry, with its place in the chain."""
    from_ms, to_ms = entry.effective_ms
    common: Row = {
        "sequence": sequence,
        "id": entry.id,
        "cluster": cluster,
        "type": entry.type,
        "effective_from_ms": from_ms,
        "effective_to_ms": to_ms,
        "posted_at_ms": posted_at_ms,
        **_picked(entry, _COMMON),
        **_picked(entry.context, _CONTEXT),
        "reverses": entry.reverses if isinstance(entry, Reversal) else None,
        "reason": entry.reason if isinstance(entry, Reversal) else None,
        "previous_hash": previous_hash,
    }
    details = _details(entry)
    return Stored({**common, "hash": chained(Stored(common, details))}, details)


def to_entry(stored: Stored) -> Entry:
    """Return the entry that rows state.

    Raises
    ------
    ValueError
        The rows state no entry: they were changed by other means than posting.
    """
    row = stored.entry
    common = {name: row[name] for name in _COMMON} | {"context": {name: row[name] for name in _CONTEXT}}
    of_type = {name: rows for name, rows in stored.details.items() if rows}
    start, end = row["effective_from_ms"], row["effective_to_ms"]
    found: Entry
    facts: Mapping[str, object]
    match row["type"]:
        case HoldOpened.type:
            detail = _single(of_type, tables.hold)
            facts = {name: detail[name] for name in _HOLD} | {"index": detail["worker_index"], "from_ms": start}
            found = HoldOpened.model_validate({**common, **facts})
        case HoldReleased.type:
            detail = _single(of_type, tables.hold_release)
            found = HoldReleased.model_validate(common | {"outcome": detail["outcome"], "to_ms": start})
        case Activity.type:
            ranks = of_type.get(tables.activity_rank.name, [])
            detail = _single({name: of_type[name] for name in of_type if name != "activity_rank"}, tables.activity)
            facts = {
                "from_ms": start,
                "to_ms": end,
                "usage": {name: detail[name] for name in _USAGE},
                "ranks": [(rank["rank"], rank["cpu_ms"], rank["peak_memory_bytes"]) for rank in ranks],
                "energy": {name: detail[name] for name in _JOULES}
                | {"provenance": detail["joules_provenance"], "method": detail["joules_method"]},
            }
            found = Activity.model_validate({**common, **facts})
        case DataUse.type:
            detail = _single(of_type, tables.data_use)
            found = DataUse.model_validate(common | {"at_ms": start, "use": {name: detail[name] for name in _USE}})
        case Reversal.type:
            facts = {"at_ms": start, "reverses": row["reverses"], "reason": row["reason"]}
            found = Reversal.model_validate({**common, **facts})
        case other:
            raise ValueError(f"expected a type of entry that this version knows, found {other!r}")
    return found


def chained(stored: Stored) -> str:
    """Return the SHA-256, in hex, of all facts of an entry and of the hash before it, as canonical JSON."""
    facts = {name: value for name, value in stored.entry.items() if name != "hash"}
    details = {name: rows for name, rows in stored.details.items() if rows}
    # repr: a value that was tampered into a blob has no JSON, but it must have a hash: another one.
    canonical = json.dumps([facts, details], sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=repr)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def read(connection: Connection, where: ColumnElement[bool] | None = None) -> list[Stored]:
    """Return the entries that fulfil a condition on the table ``entry``, in the order they were posted."""
    condition = true() if where is None else where
    entries = connection.execute(select(tables.entry).where(condition).order_by(tables.entry.c.sequence))
    found = {row["sequence"]: Stored(dict(row), {}) for row in entries.mappings()}
    if not found:
        return []
    for table in tables.DETAILS:
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


def _details(entry: Entry) -> dict[str, list[Row]]:
    match entry:
        case HoldOpened():
            return {tables.hold.name: [_picked(entry, _HOLD) | {"worker_index": entry.index}]}
        case HoldReleased():
            return {tables.hold_release.name: [{"outcome": entry.outcome.value}]}
        case Activity():
            energy = _picked(entry.energy, _JOULES)
            energy |= {"joules_provenance": entry.energy.provenance.value, "joules_method": entry.energy.method}
            ranks: list[Row] = [
                {"rank": rank, "cpu_ms": cpu_ms, "peak_memory_bytes": peak} for rank, cpu_ms, peak in entry.ranks
            ]
            return {tables.activity.name: [_picked(entry.usage, _USAGE) | energy], tables.activity_rank.name: ranks}
        case DataUse():
            return {tables.data_use.name: [_picked(entry.use, _USE)]}
        case Reversal():
            return {}


def _picked(model: BaseEntry | EntryContext | Usage | Use | Energy, names: Iterable[str]) -> Row:
    return model.model_dump(mode="json", include=set(names))


def _single(details: dict[str, list[Row]], table: Table) -> Row:
    rows = details.get(table.name, [])
    if len(rows) != 1 or set(details) != {table.name}:
        found = ", ".join(f"{len(found)} in {name}" for name, found in details.items()) or "none"
        raise ValueError(f"expected one row of details in {table.name}, found {found}")
    return rows[0]
