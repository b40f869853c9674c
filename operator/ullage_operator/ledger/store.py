"""The ledger: post entries, restate subjects, open the books to be read, verify."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Self

from sqlalchemy import Connection, Engine

from . import tables
from .append import Pen, append
from .assets import AssetRow
from .books import Books
from .database import connect, explained, parsed, reading, recognise, writing
from .entries import Entry, HoldOpened, Reversal, Stated
from .errors import ConflictingEntry, LedgerError
from .restate import Change, Restated, restatement, unfit
from .rows import read, to_entry
from .selection import AsOf, horizon
from .usage import GroupKey, UsageRow
from .verify import verify


class Ledger:
    """The books of one cluster, in SQLite or PostgreSQL.

    Append-only: what was posted is never changed, by triggers in the database itself. A call that posts is
    one transaction, synced to the disk when it returns; a process killed at any moment leaves all of it or
    nothing. Several processes may post to one ledger: they wait for each other.
    """

    def __init__(self, engine: Engine, *, cluster: str, now_ms: Callable[[], int], read_only: bool) -> None:
        self._engine = engine
        self._now_ms = now_ms
        self._read_only = read_only
        self._pen = Pen(cluster, now_ms)
        self.cluster = cluster

    @classmethod
    def open(cls, url: str, *, cluster: str, now_ms: Callable[[], int], read_only: bool = False) -> Self:
        """Open a ledger, and create it where there is none.

        Parameters
        ----------
        url
            ``sqlite:///relative.db``, ``sqlite:////absolute.db``, or PostgreSQL's. SQLite needs a local
            file system: over a network its locks do not hold.
        cluster
            Whose holds and activity are posted, listed and summed: the scope of every figure.
        now_ms
            The clock: milliseconds since 1970, UTC.
        read_only
            For reports: creates nothing, and no writer waits for it.

        Raises
        ------
        LedgerMissing
            To be read only, and there is none.
        NotALedger
            What is there is something else, or damaged.
        LedgerTooNew
            A later version of Ullage wrote it.
        LedgerTooOld
            An earlier version of Ullage wrote it, and it is to be read only; opened to write, it is migrated.
        LedgerUnavailable
            The database refused.
        LedgerError
            The address is none, or its driver is not installed.
        """
        address = parsed(url)
        engine = connect(address, read_only=read_only)
        try:
            with explained(address):
                recognise(engine, now_ms=now_ms(), read_only=read_only)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, cluster=cluster, now_ms=now_ms, read_only=read_only)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def post(self, entries: Sequence[Entry]) -> int:
        """Write entries in one transaction and return how many were new; all of them, or on an error none.

        What the ledger already holds is passed over, so a caller that does not know whether it has posted
        posts again. Books are checked as they stand with all of the entries: their order does not matter.
        What comes after its period was closed keeps its date and counts in the period that is open.

        Raises
        ------
        ConflictingEntry
            An entry with the same id states other facts: a second end of a hold, for instance.
        RefusedEntry
            With them books would not add up: see :func:`~.workers.problems` and :func:`~.subjects.problems`.
        LedgerUnavailable
            The database refused.
        """
        with self._writing() as connection:
            return append(connection, entries, self._pen)

    def restate(self, subject: str, wanted: Sequence[Stated], change: Change) -> Restated:
        """Make exactly the wanted entries count of what a subject states, in one transaction.

        What stands unchanged is left alone; what changed is reversed and posted as its next revision; what is
        no longer wanted is reversed. Doing so again changes nothing.

        Raises
        ------
        ConflictingEntry
            Entries are of another subject, or two have one key and different facts.
        RefusedEntry
            With the change books would not add up: a line that is drawn on would have no award, for instance.
        LedgerUnavailable
            The database refused.
        """
        if problems := unfit(subject, wanted):
            raise ConflictingEntry(problems)
        with self._writing() as connection:
            held = [to_entry(stored) for stored in read(connection, tables.entry.c.subject == subject)]
            entries = restatement(held, wanted, change)
            append(connection, entries, self._pen)
        reversals = sum(isinstance(entry, Reversal) for entry in entries)
        return Restated(posted=len(entries) - reversals, reversed=reversals)

    @contextmanager
    def books(self, as_of: AsOf | None = None) -> Iterator[Books]:
        """Open the books to be read: all answers are of one moment, now or an earlier one."""
        with self._reading() as connection:
            now_ms, upto = self._now_ms(), None
            if as_of is not None:
                upto, then_ms = horizon(connection, as_of)
                now_ms = min(now_ms, then_ms)
            yield Books(connection, cluster=self.cluster, now_ms=now_ms, upto=upto)

    def find(self, entry_id: str) -> Entry | None:
        """Return the entry with an id, to look at it or to reverse it; None where there is none."""
        with self.books() as books:
            return books.find(entry_id)

    def open_holds(self) -> list[HoldOpened]:
        """Return this cluster's holds that have not been released, in the order they were posted."""
        with self.books() as books:
            return books.open_holds()

    def last_attempt(self, job_uid: str, stage: str) -> int:
        """Return the greatest attempt of a job at a stage that ever held anything; 0 where none did."""
        with self.books() as books:
            return books.last_attempt(job_uid, stage)

    def usage(
        self,
        from_ms: int,
        to_ms: int,
        *,
        by: Sequence[GroupKey] = (),
        job_uid: str | None = None,
        as_of: AsOf | None = None,
    ) -> list[UsageRow]:
        """Sum what this cluster's workers held and used in ``[from_ms, to_ms)``; see :func:`~.usage.usage`.

        Of one job only, where its UID is given.
        """
        with self.books(as_of) as books:
            return books.usage(from_ms, to_ms, by=by, job_uid=job_uid)

    def assets(self, from_ms: int, to_ms: int, *, as_of: AsOf | None = None) -> list[AssetRow]:
        """Return the data that this cluster's jobs used in ``[from_ms, to_ms)``; see :func:`~.assets.assets`."""
        with self.books(as_of) as books:
            return books.assets(from_ms, to_ms)

    def verify(self) -> list[str]:
        """Return everything that is not as it was posted, or does not add up; empty when all is well."""
        with self._reading() as connection:
            return verify(connection)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with explained(self._engine.url), reading(self._engine) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        if self._read_only:
            raise LedgerError(f"{self._engine.url.database}: opened to be read only; open it for writing to post")
        with explained(self._engine.url), writing(self._engine) as connection:
            yield connection
