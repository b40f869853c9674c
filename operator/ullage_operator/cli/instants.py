"""Instants and periods as they are typed: ISO 8601, UTC where no zone is given."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from ullage_operator.gap import Period

from .exits import Exit
from .manifests import Unusable, complain

_MONTH: Final = re.compile(r"(\d{4})(?:-(\d{2}))?")
FAR_MS: Final = 2**62
"""Later than anything applies from, in milliseconds since 1970."""


def instant(text: str | None, option: str, default: int, problems: list[str]) -> int:
    """Return milliseconds since 1970; a text that is no instant since then is a problem."""
    if text is None:
        return default
    try:
        parsed = datetime.fromisoformat(text)
        milliseconds = round((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp() * 1000)
    except ValueError:
        milliseconds = -1
    if milliseconds < 0:
        problems.append(
            f"{option}: expected an instant since 1970 such as 2026-11-01 or 2026-11-01T08:00:00Z, found {text!r}"
        )
    return milliseconds


def period_of(month: str | None, since: str | None, until: str | None, now_ms: int) -> Period:
    """Return the period that is asked for: a month or a year, or from an instant to another; this month if neither.

    Raises
    ------
    Unusable
        What was typed is no period; that has been said.
    """
    problems: list[str] = []
    found: Period | None = None
    if month is not None and (since is not None or until is not None):
        problems.append("--period: expected it, or --since and --until, found both; leave one out")
    elif since is None and until is None:
        found = _calendar(month if month is not None else f"{datetime.fromtimestamp(now_ms / 1000, UTC):%Y-%m}")
        if found is None:
            problems.append(f"--period: expected a month such as 2026-11 or a year such as 2026, found {month!r}")
    elif since is None or until is None:
        given, other = ("--since", "--until") if until is None else ("--until", "--since")
        problems.append(f"{given}: expected {other} beside it, found none; a gap is that of a period with both ends")
    else:
        start_ms = instant(since, "--since", 0, problems)
        end_ms = instant(until, "--until", 0, problems)
        if not problems and start_ms >= end_ms:
            problems.append(f"--until: expected an instant after --since, found {until} and {since}")
        elif not problems:
            found = Period(start_ms, end_ms)
    if found is None:
        complain("\n".join(problems))
        raise Unusable(Exit.INVALID)
    return found


def told(at_ms: int) -> str:
    """Return an instant in UTC for people and programs, to the second."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).isoformat().replace("+00:00", "Z")


def _calendar(text: str) -> Period | None:
    matched = _MONTH.fullmatch(text)
    if matched is None:
        return None
    year, month = int(matched[1]), None if matched[2] is None else int(matched[2])
    if not 1970 <= year < 9999 or (month is not None and not 1 <= month <= 12):
        return None
    after = (year + 1, 1) if month in (None, 12) else (year, (month or 0) + 1)
    return Period(_first_ms(year, month or 1), _first_ms(*after))


def _first_ms(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * 1000
