"""Posting to the ledger from many tasks: one thread writes, and what comes meanwhile goes into its next transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ullage_operator.ledger import Entry, Ledger, LedgerError

T = TypeVar("T")


class Poster:
    """The one writer of a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self._waiting: list[tuple[Sequence[Entry], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self.posted = 0
        self.errors = 0

    async def post(self, entries: Sequence[Entry]) -> None:
        """Write entries; returns once they are on the disk.

        Raises
        ------
        LedgerError
            They were refused, or the database can't be used now.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entries, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await done

    async def run(self, work: Callable[[Ledger], T]) -> T:
        """Do something with the books that reads and then writes, between transactions of others.

        Raises
        ------
        LedgerError
            What was written was refused, or the database can't be used now.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, self._ledger)
        except LedgerError:
            self.errors += 1
            raise

    def close(self) -> None:
        """Let the writer end what it is at."""
        self._thread.shutdown(wait=True)

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            outcomes = [await self._try([entry for entries, _ in batch for entry in entries])]
            if outcomes[0] is not None and len(batch) > 1:
                # One of them is at fault, or the database: alone, each gets its own answer.
                outcomes = [await self._try(entries) for entries, _ in batch]
            for (_, done), error in zip(batch, outcomes * (len(batch) // len(outcomes)), strict=True):
                if done.cancelled():
                    continue
                if error is None:
                    done.set_result(None)
                else:
                    self.errors += 1
                    done.set_exception(error)

    async def _try(self, entries: Sequence[Entry]) -> Exception | None:
        try:
            self.posted += await asyncio.get_running_loop().run_in_executor(self._thread, self._ledger.post, entries)
        except Exception as error:  # noqa: BLE001 - whoever waits for it raises it
            return error
        return None
