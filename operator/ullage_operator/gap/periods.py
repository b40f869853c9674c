"""Periods: UTC, half-open, in milliseconds since 1970. A month is a calendar month."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Final

MS_PER_HOUR: Final = 3_600_000


@dataclass(frozen=True, order=True)
class Period:
    """From an instant to another, half-open.

    Raises
    ------
    ValueError
        It ends before it starts, or at once.
    """

    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        if self.start_ms >= self.end_ms:
            raise ValueError(f"period: expected an end after {self.start_ms} ms, found {self.end_ms} ms")

    @property
    def milliseconds(self) -> int:
        """Its length."""
        return self.end_ms - self.start_ms

    @property
    def hours(self) -> Fraction:
        """Its length."""
        return Fraction(self.milliseconds, MS_PER_HOUR)

    @property
    def months(self) -> Fraction:
        """Its length: of each calendar month, the share that is in it."""
        return sum((Fraction(self.common(month), month.milliseconds) for month in _months(self)), Fraction(0))

    def common(self, other: Period | Term) -> int:
        """Return the milliseconds that both have in common."""
        end_ms = self.end_ms if other.end_ms is None else min(self.end_ms, other.end_ms)
        return max(0, end_ms - max(self.start_ms, other.start_ms))

    def clipped(self, other: Period | Term) -> Period | None:
        """Return the part of the other that lies in this one; None where there is none."""
        if not self.common(other):
            return None
        end_ms = self.end_ms if other.end_ms is None else min(self.end_ms, other.end_ms)
        return Period(max(self.start_ms, other.start_ms), end_ms)

    def until(self, at_ms: int) -> Period | None:
        """Return the part before an instant; None where it begins later."""
        return Period(self.start_ms, min(self.end_ms, at_ms)) if self.start_ms < at_ms else None

    def encloses(self, other: Period) -> bool:
        """Tell whether all of the other lies in this one."""
        return self.start_ms <= other.start_ms and other.end_ms <= self.end_ms

    def __contains__(self, at_ms: int) -> bool:
        """Tell whether an instant lies in it."""
        return self.start_ms <= at_ms < self.end_ms


@dataclass(frozen=True, order=True)
class Term:
    """From an instant on, or until another; half-open.

    Raises
    ------
    ValueError
        It ends before it starts, or at once.
    """

    start_ms: int
    end_ms: int | None = None
    """None: no end is known."""

    def __post_init__(self) -> None:
        if self.end_ms is not None and self.start_ms >= self.end_ms:
            raise ValueError(f"term: expected an end after {self.start_ms} ms, found {self.end_ms} ms")

    def until(self, at_ms: int) -> Term | None:
        """Return the part before an instant; None where it begins later."""
        if self.start_ms >= at_ms:
            return None
        return Term(self.start_ms, at_ms if self.end_ms is None else min(self.end_ms, at_ms))

    def at_end_of(self, period: Period) -> bool:
        """Tell whether it lasts at the period's end: a stock is counted there, just before the next one starts."""
        return self.start_ms < period.end_ms and (self.end_ms is None or self.end_ms >= period.end_ms)


ALWAYS: Final = Term(0)
"""As long as the books."""


def months(period: Period) -> list[Period]:
    """Return the calendar months of a period, the first and the last clipped to it."""
    return [clipped for month in _months(period) if (clipped := period.clipped(month))]


def month_of(at_ms: int) -> Period:
    """Return the calendar month that an instant lies in."""
    return next(_months(Period(at_ms, at_ms + 1)))


def months_before(period: Period, count: int) -> list[Period]:
    """Return so many calendar months before the one that a period starts in, the earliest first; none before 1970."""
    found: list[Period] = []
    month = month_of(period.start_ms)
    while len(found) < count and month.start_ms > 0:
        month = month_of(month.start_ms - 1)
        found.append(month)
    return found[::-1]


def _months(period: Period) -> Iterator[Period]:
    """Yield the whole calendar months that a period touches."""
    first = datetime.fromtimestamp(period.start_ms // 1000, UTC)
    year, month = first.year, first.month
    start_ms = _first_of_month(year, month)
    while start_ms < period.end_ms:
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        end_ms = _first_of_month(year, month)
        yield Period(start_ms, end_ms)
        start_ms = end_ms


def _first_of_month(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * 1000
