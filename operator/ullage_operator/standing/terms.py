"""Days and terms of what is declared, as instants. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

from ullage_operator import gap
from ullage_operator.api.types import Investment, Line, Unit


def day_ms(day: date) -> int:
    """Return a day's first moment in UTC, in milliseconds since 1970."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def term_of(investment: Investment) -> gap.Period | None:
    """Return when an investment gives: over its term, and no sooner than on the day of its approval.

    None of one that is only proposed, or that was approved when its term was over.
    """
    spec = investment.spec
    if spec.approval is None or spec.approval.date >= spec.end:
        return None
    return gap.Period(day_ms(max(spec.start, spec.approval.date)), day_ms(spec.end))


def delivery_of(investment: Investment, line: Line) -> gap.Period | None:
    """Return when the hours of people are delivered: of an exchange while they are away, else as long as it gives.

    None of an investment that gives nothing, and of an exchange from which they were back before the approval.
    """
    term, moved = term_of(investment), line.exchange
    if term is None or moved is None:
        return term
    start_ms = max(day_ms(moved.departs), term.start_ms)
    end_ms = term.end_ms if moved.returns is None else day_ms(moved.returns)
    return gap.Period(start_ms, end_ms) if start_ms < end_ms else None


def hours_per_unit(investment: Investment, line: Line) -> Fraction:
    """Return how many of the unit that is counted one of a line's is: of full-time equivalents, hours over the term."""
    if line.unit != Unit.FTE:
        return Fraction(1)
    spec = investment.spec
    return gap.fte_hours(Fraction(1), gap.Period(day_ms(spec.start), day_ms(spec.end)))
