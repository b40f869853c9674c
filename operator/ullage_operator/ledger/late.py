"""Facts that come after their period was closed: they keep their date, and count in the period that is open."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from . import tables
from .entries import Close, Entry, Reversal
from .groups import chunks
from .selection import posted


def first_open(at_ms: int, closes: Sequence[Close]) -> int:
    """Return the first instant at or after one that is in no closed period."""
    for close in sorted(closes, key=lambda one: one.from_ms):
        if close.from_ms <= at_ms < close.to_ms:
            at_ms = close.to_ms
    return at_ms


def booking(connection: Connection, new: Sequence[Entry], closes: Sequence[Close]) -> dict[str, int]:
    """Return when entries count whose own time, or that of what they reverse, is in a closed period; by id."""
    times = {entry.id: entry.effective_ms[0] for entry in new if not isinstance(entry, Close | Reversal)}
    reversals = {entry.id: entry.reverses for entry in new if isinstance(entry, Reversal)}
    counted = dict(times)
    for ids in chunks(set(reversals.values()) - set(times)):
        for one in posted(connection, tables.entry.c.id.in_(ids)):
            counted[one.entry.id] = one.entry.effective_ms[0] if one.booked_ms is None else one.booked_ms
    times |= {own: counted[reversed_id] for own, reversed_id in reversals.items() if reversed_id in counted}
    return {own: open_ms for own, at_ms in times.items() if (open_ms := first_open(at_ms, closes)) != at_ms}
