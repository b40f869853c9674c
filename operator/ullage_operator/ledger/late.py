"""Facts that come after their period was closed: they keep their date, and count in the period that is open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Connection

from . import tables
from .entries import Close, Entry, Reversal
from .groups import chunks
from .selection import posted


class Closed(Protocol):
    """Time that is closed."""

    @property
    def from_ms(self) -> int:
        """Its start."""

    @property
    def to_ms(self) -> int:
        """Its end, which is open."""


def first_open(at_ms: int, closes: Sequence[Closed]) -> int:
    """Return the first instant at or after one that is in no closed period."""
    for close in sorted(closes, key=lambda one: one.from_ms):
        if close.from_ms <= at_ms < close.to_ms:
            at_ms = close.to_ms
    return at_ms


def booking(connection: Connection, new: Sequence[Entry], closes: Sequence[Close]) -> dict[str, int]:
    """Return when entries count whose time, or that of what they reverse, touches a closed period; by id.

    They count as a whole at the first open instant from their start on.
    """
    times = {entry.id: entry.effective_ms for entry in new if not isinstance(entry, Close | Reversal)}
    reversals = {entry.id: entry.reverses for entry in new if isinstance(entry, Reversal)}
    counted = dict(times)
    for ids in chunks(set(reversals.values()) - set(times)):
        for one in posted(connection, tables.entry.c.id.in_(ids)):
            counted[one.entry.id] = one.entry.effective_ms if one.booked_ms is None else (one.booked_ms, None)
    times |= {own: counted[reversed_id] for own, reversed_id in reversals.items() if reversed_id in counted}
    return {own: first_open(span[0], closes) for own, span in times.items() if _touches(span, closes)}


def _touches(span: tuple[int, int | None], closes: Sequence[Close]) -> bool:
    """Tell whether a time has an instant in a closed period; one without an end, or length, is its start."""
    start, end = span
    last = start if end is None else max(start, end - 1)
    return any(close.from_ms <= last and start < close.to_ms for close in closes)
