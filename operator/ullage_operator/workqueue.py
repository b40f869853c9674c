"""A queue of keys: each is worked on by one worker at a time, once for however often it was added meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

_log = logging.getLogger(__name__)
_FIRST_RETRY_SECONDS: Final = 0.5
_LAST_RETRY_SECONDS: Final = 120.0

_BATCH_SECONDS: Final = 0.25
"""How long what happens to a key is gathered; of a wide job's pods many change at once. A Kubernetes Job takes 1 s."""

K = TypeVar("K", bound=Hashable)


class WorkQueue(Generic[K]):
    """Keys that wait for their turn, or for their time.

    Parameters
    ----------
    work
        Works on a key and returns after how many seconds to do so again; null for not until it is added.
        If it raises, the key comes again, each time after twice as long.
    """

    def __init__(self, work: Callable[[K], Awaitable[float | None]]) -> None:
        self._work = work
        self._ready: asyncio.Queue[K] = asyncio.Queue()
        self._waiting: set[K] = set()
        self._active: set[K] = set()
        self._again: set[K] = set()
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._failures: dict[K, int] = {}

    @property
    def depth(self) -> int:
        """How many keys wait for their turn."""
        return len(self._waiting)

    def add(self, key: K) -> None:
        """Have a key worked on as soon as may be."""
        if (timer := self._timers.pop(key, None)) is not None:
            timer.cancel()
        if key in self._active:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._ready.put_nowait(key)

    def add_soon(self, key: K) -> None:
        """Have a key worked on in a moment, once for all that happens to it until then."""
        if key not in self._waiting:
            self._later(key, _BATCH_SECONDS)

    async def run(self, workers: int) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._worker())

    async def _worker(self) -> None:
        while True:
            key = await self._ready.get()
            self._waiting.discard(key)
            self._active.add(key)
            try:
                delay = await self._work(key)
                self._failures.pop(key, None)
            except Exception:  # noqa: BLE001 - whatever it is, the key comes again, and the log has it
                count = self._failures.get(key, 0)
                self._failures[key] = count + 1
                delay = min(_FIRST_RETRY_SECONDS * 2 ** min(count, 16), _LAST_RETRY_SECONDS)
                _log.exception("%s: tried again in %.1f s", key, delay)
            finally:
                self._active.discard(key)
            if key in self._again:
                self._again.discard(key)
                self.add(key)
            elif delay is not None:
                self._later(key, delay)

    def _later(self, key: K, delay: float) -> None:
        """Add a key after some seconds, unless it is to be added before that."""
        loop, timer = asyncio.get_running_loop(), self._timers.get(key)
        if delay <= 0:
            self.add(key)
        elif timer is None or timer.when() > loop.time() + delay:
            if timer is not None:
                timer.cancel()
            self._timers[key] = loop.call_later(delay, self.add, key)
