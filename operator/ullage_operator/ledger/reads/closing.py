"""Closed periods, and what came too late for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ullage_operator.ledger.entries import Close, Entry, Reversal
from ullage_operator.ledger.selection import Posted

from .periods import Period


@dataclass(frozen=True, kw_only=True)
class CloseRow:
    """A closed period. ``AsOf(sequence=…)`` gives the books as they were closed."""

    from_ms: int
    """Start of the period."""
    to_ms: int
    """End of the period."""
    sequence: int
    """The entry that closed it."""
    posted_at_ms: int
    """When it was closed."""
    author: str
    """Who closed it."""


@dataclass(frozen=True, kw_only=True)
class LateRow:
    """A fact, or a correction, of a closed period: it counts in the one that was open."""

    id: str
    """The entry."""
    type: str
    """Its type."""
    institution: str | None
    """In whose books."""
    line: str | None
    """On which line."""
    reverses: str | None
    """What it takes back."""
    reason: str | None
    """Why it takes it back."""
    service_from_ms: int
    """Since when the fact holds; of a correction, when it was decided."""
    service_to_ms: int | None
    """Until when; null is an instant or open."""
    booked_ms: int
    """The start of the period that it counts in."""
    posted_at_ms: int
    """When it was posted."""


def closes(found: Sequence[Posted[Close]]) -> list[CloseRow]:
    """Return the closed periods in order."""
    return [
        CloseRow(
            from_ms=one.entry.from_ms,
            to_ms=one.entry.to_ms,
            sequence=one.sequence,
            posted_at_ms=one.posted_at_ms,
            author=one.entry.author,
        )
        for one in sorted(found, key=lambda one: one.entry.from_ms)
    ]


def late(found: Sequence[Posted[Entry]], period: Period) -> list[LateRow]:
    """Return what counts in a period although its own time lay in a closed one, in the order it was posted."""
    rows = []
    for one in found:
        if one.booked_ms is None or not period.holds(one.booked_ms):
            continue
        entry = one.entry
        owned = entry.ownership()
        start, end = entry.effective_ms
        rows.append(
            LateRow(
                id=entry.id,
                type=entry.type,
                institution=None if owned["institution"] is None else str(owned["institution"]),
                line=entry.line,
                reverses=entry.reverses if isinstance(entry, Reversal) else None,
                reason=entry.reason if isinstance(entry, Reversal) else None,
                service_from_ms=start,
                service_to_ms=end,
                booked_ms=one.booked_ms,
                posted_at_ms=one.posted_at_ms,
            )
        )
    return rows
