"""An event loop in virtual time: where everybody waits, the clock jumps to when somebody no longer does."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from itertools import count
from typing import Any, TypeVar

EXECUTOR_SECONDS = 0.004
"""How long what runs in a thread takes."""
T = TypeVar("T")


class Deadlock(Exception):
    """Everybody waits, and nobody for a moment in time."""


class VirtualLoop(asyncio.AbstractEventLoop):
    """asyncio, as fast as it computes; threads run at once, in the order in which they were asked for.

    It has no files, signals or threads to look after, which is most of what a turn of asyncio's own loop does.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._ready: deque[asyncio.Handle] = deque()
        self._later: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._order = count()
        self._closed = False
        self._errors: list[BaseException] = []

    # -- running --------------------------------------------------------------------------------------

    def run_until_complete(self, future: Generator[Any, None, T] | Coroutine[Any, Any, T] | Any) -> T:
        """Run until a coroutine ends; return what it returns.

        Raises
        ------
        Deadlock
            Nothing is left that could go on.
        """
        asyncio.events._set_running_loop(self)
        try:
            task = self.create_task(future)
            while not task.done():
                self._turn()
            return task.result()
        finally:
            asyncio.events._set_running_loop(None)

    def _turn(self) -> None:
        """Run what is due; where nothing is, time passes first."""
        ready, later = self._ready, self._later
        while later and later[0][2].cancelled():
            heapq.heappop(later)
        if not ready:
            if not later:
                raise Deadlock
            self._now = max(self._now, later[0][0])
        while later and later[0][0] <= self._now:
            ready.append(heapq.heappop(later)[2])
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle.cancelled():
                handle._run()
        if self._errors:
            raise self._errors.pop()

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Have what a callback raised end the run: a mistake in the simulator must not pass unnoticed."""
        if "handle" in context:
            self._errors.append(context["exception"])

    def close(self) -> None:
        self._closed = True
        self._ready.clear()
        self._later.clear()

    def is_closed(self) -> bool:
        return self._closed

    def is_running(self) -> bool:
        return asyncio.events._get_running_loop() is self

    def get_debug(self) -> bool:
        return False

    # -- asking for something to be done ----------------------------------------------------------------

    def time(self) -> float:
        return self._now

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._later, (when, next(self._order), handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is passed over when its time has come."""

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        return asyncio.Task(coro, loop=self, name=name, context=context)

    def run_in_executor(self, _executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        future = self.create_future()

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
