"""Time, as the operator is told it: a parameter, so that what depends on it can be run faster than life."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


def now_ms() -> int:
    """Return milliseconds since 1970 by this machine's clock."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Clock:
    """What time it is, and how much has passed."""

    now_ms: Callable[[], int] = now_ms
    """Milliseconds since 1970; it may be stepped."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds since some moment; it only goes on."""
