"""The books that a life of the operator posts to: the real ledger, or one that keeps the same rules in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Final, Protocol

from sqlalchemy import Connection, Engine, make_url

from standing.scenes import in_kind
from standing.test_keep import institution
from ullage_operator.accepting import accept
from ullage_operator.ledger import Books as BooksAtOnce
from ullage_operator.ledger import (
    ConflictingEntry,
    Entry,
    Expend,
    HoldOpened,
    HoldReleased,
    Ledger,
    LedgerUnavailable,
    RefusedEntry,
    Reversal,
)
from ullage_operator.ledger.database import connect, recognise
from ullage_operator.ledger.entries import WorkerEntry
from ullage_operator.ledger.workers import problems
from ullage_operator.standing import keep
from ullage_operator.standing.held import held_by, quantity_ms

from .client import Weather

INSTITUTION: Final = "north"
RESOURCE: Final = "nvidia.com/gpu"
_GRANT_HOURS: Final = 1_000_000
"""More than ever is held."""
DRAW: Final = "draw"
"""What a post of what a job draws on a line is called."""
_REFUND: Final = ("Disrupted: ", "Lost: ")
"""How the reason of a refund begins."""


class Books(Protocol):
    """What posts entries: all of them or none."""

    def post(self, entries: Sequence[Entry]) -> int: ...

    def find(self, entry_id: str) -> Entry | None: ...

    def open_holds(self) -> list[HoldOpened]: ...


class MemoryBooks:
    """Keeps entries as the ledger does, without a database."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self.posted_ms: dict[str, int] = {}
        self.entries: dict[str, Entry] = {}
        self.by_worker: dict[str, list[Entry]] = {}

    def post(self, entries: Sequence[Entry]) -> int:
        new: dict[str, Entry] = {}
        conflicts = []
        for entry in entries:
            held = self.entries.get(entry.id) or new.get(entry.id)
            if held is None:
                new[entry.id] = entry
            elif held.facts() != entry.facts():
                conflicts.append(f"{entry.id}: held {held.facts()}, found {entry.facts()}")
        if conflicts:
            raise ConflictingEntry(conflicts)
        by_worker = {entry.worker_uid: list(self.by_worker.get(entry.worker_uid, [])) for entry in new.values()}
        for entry in new.values():
            by_worker[entry.worker_uid].append(entry)
        if found := [problem for kept in by_worker.values() for problem in problems(kept)]:
            raise RefusedEntry(found)
        self.entries |= new
        self.posted_ms |= dict.fromkeys(new, self._now_ms())
        self.by_worker |= by_worker
        return len(new)

    def find(self, entry_id: str) -> Entry | None:
        return self.entries.get(entry_id)

    def open_holds(self) -> list[HoldOpened]:
        workers = self.by_worker.values()
        kept = [entries for entries in workers if not any(isinstance(entry, HoldReleased) for entry in entries)]
        return [entry for entries in kept for entry in entries if isinstance(entry, HoldOpened)]


class OnDisk(MemoryBooks):
    """The real ledger, and beside it what it is to hold of workers."""

    def __init__(self, ledger: Ledger, now_ms: Callable[[], int]) -> None:
        super().__init__(now_ms)
        self.ledger = ledger

    def badly_charged(self) -> list[str]:
        """Return what was not charged exactly once, or is still set aside.

        All that is told to lie in an interval that was refunded is free, of a worker that began in its last second too.
        """
        found = []
        with self.ledger.books() as books:
            entries = [one.entry for one in books.entries()]
            backs = [entry for entry in entries if isinstance(entry, Reversal)]
            refunds = {entry.reverses for entry in backs if entry.reason.startswith(_REFUND)}
            for uid in sorted({entry.context.job_uid for entry in entries if isinstance(entry, HoldOpened)}):
                held = held_by(books, uid)
                charged = [entry for entry in entries if isinstance(entry, Expend) and entry.id in refunds]
                free = sum(quantity_ms(held, e.from_ms, e.to_ms) for e in charged if e.job_uid == uid)
                paid = sum(entry.quantity or 0 for entry in books.spendings(uid))
                whole = sum(each.accelerators * ((each.to_ms or each.from_ms) - each.from_ms) for each in held)
                if whole != free + paid:
                    found.append(f"{uid}: {whole} accelerator-ms were held, {free} of them for free, and {paid} paid")
            found += [f"{row.job_uid}: {row.amount} are still set aside" for row in books.reservations()]
        return found

    def post(self, entries: Sequence[Entry]) -> int:
        if any(not isinstance(entry, WorkerEntry) for entry in entries):
            return self.ledger.post(entries)
        try:
            written: int | Exception = self.ledger.post(entries)
        except (ConflictingEntry, RefusedEntry) as error:
            written = error
        try:
            expected: int | Exception = super().post(entries)
        except (ConflictingEntry, RefusedEntry) as error:
            expected = error
        assert type(written) is type(expected), (written, expected)
        if isinstance(written, Exception):
            raise written
        assert written == expected
        return written

    def find(self, entry_id: str) -> Entry | None:
        found = self.ledger.find(entry_id)
        assert found == super().find(entry_id)
        return found

    def open_holds(self) -> list[HoldOpened]:
        held = self.ledger.open_holds()
        assert held == super().open_holds()
        return held


def empty_ledger(now_ms: Callable[[], int]) -> Ledger:
    """Return a real ledger in memory, with nothing in it; from then on, the one returned before is not to be used."""
    engine, migrated = _database()
    with engine.connect() as connection:
        migrated.backup(_raw(connection))
    recognise(engine, now_ms=now_ms(), read_only=False)
    return Ledger(engine, cluster="simulated", now_ms=now_ms, read_only=False)


def granted_ledger(now_ms: Callable[[], int]) -> Ledger:
    """Return one in which an institution is declared, and a grant for it."""
    ledger = empty_ledger(now_ms)
    accepted = accept([institution(INSTITUTION), in_kind(_GRANT_HOURS, whenExhausted="Warn")], {})
    keep(ledger, list(accepted.objects.values()), accepted.present, now_ms())
    return ledger


@cache
def _database() -> tuple[Engine, sqlite3.Connection]:
    """Return a database that knows its statements already, and what an empty ledger is there.

    To migrate a new one for each schedule would take as long as ten schedules.
    """
    engine, migrated = connect(make_url("sqlite:///:memory:"), read_only=False), sqlite3.connect(":memory:")
    recognise(engine, now_ms=0, read_only=False)
    with engine.connect() as connection:
        _raw(connection).backup(migrated)
    return engine, migrated


def _raw(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


class BooksOfALife:
    """The books as one life of the operator sees them: they may be down, and a post may be its last call."""

    def __init__(self, books: Books, weather: Weather, die: Callable[[float], None]) -> None:
        self._books = books
        self._weather = weather
        self._die = die
        self.dead = False

    def post(self, entries: Sequence[Entry]) -> int:
        """Post, unless nobody is there any more who does."""
        if self.dead:
            return 0
        events = self._weather.next_call()
        self._weather.put_off([event for event in events if event.kind != "crash"])
        crashes = [event for event in events if event.kind == "crash"]
        if any(not crash.applied for crash in crashes):
            self._die(crashes[0].seconds)
            return 0
        if self._weather.ledger_down:
            raise LedgerUnavailable("ledger.db: the ledger can't be used now (disk full)")
        written = self._books.post(entries)
        what = "ledger" if all(isinstance(entry, WorkerEntry) for entry in entries) else DRAW
        self._weather.writes.extend([what] if written else [])
        for crash in crashes:
            self._die(crash.seconds)
        return written

    def find(self, entry_id: str) -> Entry | None:
        """Read: that can be done of a disk that is full, and a crash in it is one before the next call."""
        return self._books.find(entry_id)

    def open_holds(self) -> list[HoldOpened]:
        return self._books.open_holds()

    def books(self) -> AbstractContextManager[BooksAtOnce]:
        assert isinstance(self._books, OnDisk)  # Only there is anybody who asks for more than a worker's entries.
        return self._books.ledger.books()
