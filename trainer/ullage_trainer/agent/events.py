"""What wakes an agent: pipes of its ranks, signals, other threads, and the clock."""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections import deque
from collections.abc import Callable
from typing import Final

_TICK_SECONDS: Final = 0.25


class Events:
    """One selector for all of it; handlers run in the main thread, one after the other."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._stops: deque[tuple[str, float]] = deque()
        self._on_stop: Callable[[str, float], None] = lambda _why, _at: None
        reading, self._wake_descriptor = os.pipe()
        for descriptor in (reading, self._wake_descriptor):
            os.set_blocking(descriptor, False)
        self.watch(reading, lambda: _discard(reading))

    def watch(self, descriptor: int, handler: Callable[[], None]) -> None:
        """Call a handler whenever a descriptor can be read."""
        self._selector.register(descriptor, selectors.EVENT_READ, handler)

    def forget(self, descriptor: int) -> None:
        """Stop watching a descriptor, if it is watched."""
        if descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)

    def catch_signals(self, on_stop: Callable[[str, float], None]) -> None:
        """Have SIGTERM and SIGINT call ``on_stop`` with their name and when they came, and every signal end a wait.

        A signal comes between any two steps of the program: what it means is done where it is heard, at the next wait.
        """
        self._on_stop = on_stop
        signal.set_wakeup_fd(self._wake_descriptor, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(
                number, lambda caught, _frame: self._stops.append((signal.Signals(caught).name, time.monotonic()))
            )
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

    def hear(self) -> None:
        """Take the signals that have come; for work that lasts, between two waits."""
        while self._stops:
            self._on_stop(*self._stops.popleft())

    def wake(self) -> None:
        """End a wait, from any thread."""
        try:
            os.write(self._wake_descriptor, b"\0")
        except BlockingIOError:
            return

    def wait(self) -> None:
        """Wait for something to happen, or a quarter of a second, and handle it."""
        for key, _ in self._selector.select(_TICK_SECONDS):
            handler: Callable[[], None] = key.data
            handler()
        self.hear()


def _discard(descriptor: int) -> None:
    try:
        while os.read(descriptor, 4096):
            continue
    except BlockingIOError:
        return
