"""Clipping to a period, and when an amount counts. Pure, and in integers: adjacent periods sum to the whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ullage_operator.ledger.entries import Entry, Reversal, SubjectEntry
from ullage_operator.ledger.selection import Posted
from ullage_operator.ledger.usage import prorated

S = TypeVar("S", bound=SubjectEntry)


@dataclass(frozen=True)
class Period:
    """The time ``[from_ms, to_ms)``, in milliseconds since 1970, UTC."""

    from_ms: int
    """Its start."""
    to_ms: int
    """Its end, which is not part of it."""

    def __post_init__(self) -> None:
        if self.to_ms < self.from_ms:
            raise ValueError(
                f"expected a period that ends at or after its start {self.from_ms} (ms), found end {self.to_ms}"
            )

    def clip(self, from_ms: int, to_ms: int | None) -> tuple[int, int] | None:
        """Return the part of a time, open or not, that lies within; None where none does."""
        start = max(self.from_ms, from_ms)
        end = self.to_ms if to_ms is None else min(self.to_ms, to_ms)
        return (start, end) if start < end else None

    def holds(self, at_ms: int) -> bool:
        """Tell whether an instant lies within."""
        return self.from_ms <= at_ms < self.to_ms

    def share(self, total: int, from_ms: int, to_ms: int | None) -> int:
        """Return the part of an amount, spread evenly over a time or due at an instant, that lies within."""
        end = from_ms if to_ms is None else to_ms
        return prorated(total, from_ms, end, start_ms=self.from_ms, end_ms=self.to_ms)


@dataclass(frozen=True)
class Flow(Generic[S]):
    """An amount of an entry that counts in a period: the entry's own, or what its reversal took back."""

    entry: S
    """The entry."""
    amount: int
    """How much of it, never negative."""
    reversed: bool
    """Whether it was taken back."""


@dataclass(frozen=True)
class Timed:
    """How much, and when: spread evenly where it has an end."""

    amount: int
    from_ms: int
    to_ms: int | None = None


def counted(timed: Timed, booked_ms: int | None, period: Period) -> int:
    """Return what of an amount counts in a period: what was late counts as a whole where it was booked."""
    if booked_ms is not None:
        return timed.amount if period.holds(booked_ms) else 0
    return period.share(timed.amount, timed.from_ms, timed.to_ms)


def flows(found: Sequence[Posted[Entry]], timed: dict[str, tuple[S, Timed]], period: Period) -> Iterator[Flow[S]]:
    """Return what of some entries, by id, counts in a period.

    A reversal takes back what its entry counted when it counted; where that period is closed, it takes
    back the whole in the period that was open.
    """
    booked = {one.entry.id: one.booked_ms for one in found}
    for one in found:
        target = one.entry.reverses if isinstance(one.entry, Reversal) else one.entry.id
        if target not in timed:
            continue
        entry, when = timed[target]
        back = isinstance(one.entry, Reversal)
        booked_ms = booked.get(target) if back and one.booked_ms is None else one.booked_ms
        if amount := counted(when, booked_ms, period):
            yield Flow(entry, amount, back)
