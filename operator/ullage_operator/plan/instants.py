"""Instants: milliseconds inside, RFC 3339 in UTC outside."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(at_ms: int) -> str:
    """Return an instant as Kubernetes writes it, to the second, rounded down."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def millis(instant: str) -> int:
    """Return milliseconds since 1970 of an RFC 3339 instant."""
    return round(datetime.fromisoformat(instant).timestamp() * 1000)


def brief_duration(seconds: float) -> str:
    """Return a duration as people say it in a column: ``45s``, ``2m10s``, ``3h05m``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
