"""Periods: UTC, half-open. A stock counts at the end of one, a flow by the share of its own time that lies within."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

BEGINNING = pd.Timestamp("1970-01-01")
END = pd.Timestamp("2200-01-01")
FTE_HOURS_A_YEAR = 1720
_MS = pd.Timedelta(1, "ms")


@dataclass(frozen=True)
class Span:
    """From an instant until another."""

    start: pd.Timestamp
    end: pd.Timestamp

    @property
    def hours(self) -> float:
        return max((self.end - self.start) / pd.Timedelta(1, "h"), 0.0)

    @property
    def start_ms(self) -> int:
        return (self.start - BEGINNING) // _MS

    @property
    def end_ms(self) -> int:
        return (self.end - BEGINNING) // _MS

    @property
    def months(self) -> float:
        """Calendar months: of each, the share that lies within."""
        if not self.hours:
            return 0.0
        touched = pd.period_range(self.start, self.end - _MS, freq="M")
        whole = [Span(month.start_time, (month + 1).start_time) for month in touched]
        return sum(self.common(month).hours / month.hours for month in whole)

    def before(self, instant: pd.Timestamp) -> Span:
        """Return what of it lies before an instant, of no length where that is nothing."""
        return Span(self.start, max(self.start, min(self.end, instant)))

    def common(self, other: Span) -> Span:
        """Return what both have in common, of no length where that is nothing."""
        start = max(self.start, other.start)
        return Span(start, max(start, min(self.end, other.end)))

    def share_of(self, other: Span) -> float:
        """Return the share of another time that lies within this one."""
        return self.common(other).hours / other.hours

    def ends_in(self, other: Span) -> bool:
        """Tell whether another time lasts at this one's end: what ends with it is still there."""
        return other.start < self.end <= other.end


def month_of(first: object) -> Span:
    start = pd.Timestamp(str(first))
    return Span(start, start + pd.offsets.MonthBegin(1))


def span(spec: dict[str, str], start: str = "from", end: str = "to") -> Span:
    """Return the time of something that is declared; without an end it lasts, without a beginning it always did."""
    return Span(
        pd.Timestamp(spec[start]) if spec.get(start) else BEGINNING, pd.Timestamp(spec[end]) if spec.get(end) else END
    )


def instant(milliseconds: int) -> pd.Timestamp:
    return BEGINNING + milliseconds * _MS


def written(at: pd.Timestamp) -> str:
    return at.isoformat(timespec="milliseconds") + "Z"


def prorated(total: int, start_ms: int, end_ms: int, within: Span) -> int:
    """Return the part of a whole number that falls in a period: the running total at its end, less that before it.

    Running totals are rounded down: books hold integers, and parts of adjacent periods add up to the whole.
    """

    def until(at_ms: int) -> int:
        at_ms = min(max(at_ms, start_ms), end_ms)
        return total if at_ms == end_ms else total * (at_ms - start_ms) // (end_ms - start_ms)

    if start_ms == end_ms:
        return total if within.start_ms <= start_ms < within.end_ms else 0
    return (0 if within.end_ms <= start_ms else until(within.end_ms)) - (
        0 if within.start_ms <= start_ms else until(within.start_ms)
    )
