"""Days and terms of what is declared, as instants. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime


def day_ms(day: date) -> int:
    """Return a day's first moment in UTC, in milliseconds since 1970."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
