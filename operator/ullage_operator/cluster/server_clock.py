"""What time it is by the API server's clock, which all times that are judged and billed are of."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Final

_TOLERATED_MS: Final = 2000
"""The server tells whole seconds, and its answer takes a moment: within this the two agree."""


class ServerClock:
    """Goes on steadily from what the API server last said; a step of this machine's clock does not show.

    Parameters
    ----------
    wall_ms
        This machine's clock, in milliseconds since 1970: what counts until the server has said anything.
    monotonic
        Seconds that pass.
    """

    def __init__(self, wall_ms: Callable[[], int], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._set(wall_ms())

    def now_ms(self) -> int:
        """Return milliseconds since 1970."""
        return self._at_ms + round((self._monotonic() - self._since) * 1000)

    def hear(self, date: str | None) -> None:
        """Take the header ``Date`` of an answer (RFC 9110, 6.6.1); without one, or with none that is a date, go on."""
        try:
            told = None if date is None else parsedate_to_datetime(date)
        except ValueError:
            return
        if told is not None and abs(round(told.timestamp() * 1000) - self.now_ms()) > _TOLERATED_MS:
            self._set(round(told.timestamp() * 1000))

    def _set(self, at_ms: int) -> None:
        self._at_ms, self._since = at_ms, self._monotonic()
