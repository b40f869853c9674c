"""An event loop in virtual time: where everybody waits, the clock jumps to when somebody no longer does."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from typing import Any

EXECUTOR_SECONDS = 0.004
"""How long what runs in a thread takes."""


class Deadlock(Exception):
    """Everybody waits, and nobody for a moment in time."""


class _Jumping(selectors.SelectSelector):
    """Waits for no file: instead of waiting, time passes."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise Deadlock
        self.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """asyncio, as fast as it computes; threads run at once, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def run_in_executor(self, _executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = self.create_future()

        def run() -> None:
            try:
                result = func(*args)
            except Exception as error:  # noqa: BLE001 - it is handed to whoever waits
                if not future.done():
                    future.set_exception(error)
            else:
                if not future.done():
                    future.set_result(result)

        self.call_later(EXECUTOR_SECONDS, run)
        return future
