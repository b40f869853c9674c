"""A clock that tests set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Clock:
    """What time it is for the books, in milliseconds since 1970."""

    now_ms: int

    def __call__(self) -> int:
        return self.now_ms
