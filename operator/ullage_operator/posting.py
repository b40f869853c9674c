"""Posting to the ledger from many tasks: one thread writes, and what comes meanwhile goes into its next transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from ullage_operator.ledger import Entry, Ledger, LedgerError


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

    def close(self) -> None:
        """Let the writer end what it is at."""
        self._thread.shutdown(wait=True)

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                together = [entry for entries, _ in batch for entry in entries]
                self.posted += await loop.run_in_executor(self._thread, self._ledger.post, together)
                outcomes: list[LedgerError | None] = [None] * len(batch)
            except LedgerError:
                # One of them is at fault, or the database: alone, each gets its own answer.
                outcomes = [await self._alone(entries) for entries, _ in batch]
            for (_, done), error in zip(batch, outcomes, strict=True):
                if not done.cancelled():
                    done.set_result(None) if error is None else done.set_exception(error)

    async def _alone(self, entries: Sequence[Entry]) -> LedgerError | None:
        loop = asyncio.get_running_loop()
        try:
            self.posted += await loop.run_in_executor(self._thread, self._ledger.post, entries)
        except LedgerError as error:
            self.errors += 1
            return error
        return None
