"""A rank that is asked to stop: at once while it works alone, at a step that all ranks share while it trains."""

from __future__ import annotations

import signal
from types import FrameType

from .config import StopRequested


class StopFlag:
    """What SIGTERM does to a rank."""

    def __init__(self) -> None:
        self._set = False
        self._deferred = False
        self._raised = False

    def catch(self) -> None:
        """Take SIGTERM from now on; Ctrl-C reaches every process of a terminal, and its agent says what it means."""
        signal.signal(signal.SIGTERM, self._handle)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def defer(self) -> None:
        """From now on only take note of a stop: the ranks agree on the step after which they all end.

        Raises
        ------
        StopRequested
            If a stop was asked for before, and whatever ran then has swallowed that.
        """
        self._deferred = True
        if self._set:
            raise StopRequested("stopped on request")

    def at_once(self) -> None:
        """From now on this process works alone again: raise at once, also for a stop that was asked for meanwhile."""
        self._deferred = False
        if self._set:
            raise StopRequested("stopped on request")

    def note(self) -> None:
        """Take note of a stop that ends what runs, by an exception."""
        self._set = self._raised = True

    def ignore(self) -> None:
        """From now on take no note: the process ends already."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    @property
    def ended_it(self) -> bool:
        """Whether a stop has raised: what came of that is the stop, whatever it was made into on its way."""
        return self._raised

    def __call__(self) -> bool:
        """Tell whether a stop was asked for."""
        return self._set

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._set = True
        if not self._deferred:
            self._raised = True
            raise StopRequested("stopped on request")
