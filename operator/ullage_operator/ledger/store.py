"""The ledger: post entries, ask what is open, sum what was used, verify."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Self

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, select

from . import tables
from .assets import AssetRow, assets
from .database import connect, explained, parsed, reading, recognise, writing
from .entries import Entry, HoldOpened, HoldReleased
from .errors import ConflictingEntry, LedgerError, RefusedEntry
from .rows import GENESIS, Stored, read, to_entry, to_stored, write
from .usage import GroupKey, UsageRow, usage
from .verify import verify
from .workers import Worker, assemble, problems

_CHUNK: Final = 500
"""Values in one IN list: every database takes so many."""


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

        Raises
        ------
        ConflictingEntry
            An entry with the same id states other facts: a second end of a hold, for instance.
        RefusedEntry
            With them the books of a worker would not add up: see :func:`~.workers.problems`.
        LedgerUnavailable
            The database refused.
        """
        if self._read_only:
            raise LedgerError(f"{self._engine.url.database}: opened to be read only; open it for writing to post")
        with explained(self._engine.url), writing(self._engine) as connection:
            new = _new_entries(connection, entries)
            if new:
                self._append(connection, new)
                _check(connection, {entry.worker_uid for entry in new})
            return len(new)

    def find(self, entry_id: str) -> Entry | None:
        """Return the entry with an id, to look at it or to reverse it; None where there is none."""
        with self._reading() as connection:
            return next(iter(_entries(connection, tables.entry.c.id == entry_id)), None)

    def open_holds(self) -> list[HoldOpened]:
        """Return this cluster's holds that have not been released, in the order they were posted."""
        with self._reading() as connection:
            return [worker.hold for worker in self._workers(connection, _not_released_before(None))]

    def last_attempt(self, job_uid: str, stage: str) -> int:
        """Return the greatest attempt of a job at a stage that ever held anything; 0 where none did."""
        query = (
            select(func.max(tables.hold.c.attempt))
            .join(tables.entry, tables.entry.c.sequence == tables.hold.c.sequence)
            .where(tables.entry.c.job_uid == job_uid, tables.hold.c.stage == stage)
        )
        with self._reading() as connection:
            return connection.execute(query).scalar_one() or 0

    def usage(
        self, from_ms: int, to_ms: int, *, by: Sequence[GroupKey] = (), job_uid: str | None = None
    ) -> list[UsageRow]:
        """Sum what this cluster's workers held and used in ``[from_ms, to_ms)``; see :func:`~.usage.usage`.

        Of one job only, where its UID is given.
        """
        wanted = _overlaps(from_ms, to_ms)
        if job_uid is not None:
            wanted &= tables.entry.c.job_uid == job_uid
        with self._reading() as connection:
            workers = self._workers(connection, wanted)
        return usage(workers, from_ms=from_ms, to_ms=to_ms, now_ms=self._now_ms(), by=by)

    def assets(self, from_ms: int, to_ms: int) -> list[AssetRow]:
        """Return the data that this cluster's jobs used in ``[from_ms, to_ms)``; see :func:`~.assets.assets`."""
        with self._reading() as connection:
            workers = self._workers(connection, _overlaps(from_ms, to_ms))
        return assets(workers, from_ms=from_ms, to_ms=to_ms)

    def verify(self) -> list[str]:
        """Return everything that is not as it was posted, or does not add up; empty when all is well."""
        with self._reading() as connection:
            return verify(connection)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with explained(self._engine.url), reading(self._engine) as connection:
            yield connection

    def _append(self, connection: Connection, new: Sequence[Entry]) -> None:
        last = select(tables.entry.c.sequence, tables.entry.c.hash).order_by(tables.entry.c.sequence.desc()).limit(1)
        sequence, previous = connection.execute(last).one_or_none() or (0, GENESIS)
        posted_at_ms = self._now_ms()
        chain: list[Stored] = []
        for entry in new:
            sequence += 1
            stored = to_stored(
                entry, sequence=sequence, cluster=self.cluster, posted_at_ms=posted_at_ms, previous_hash=previous
            )
            previous = str(stored.entry["hash"])
            chain.append(stored)
        write(connection, chain)

    def _workers(self, connection: Connection, of_hold: ColumnElement[bool]) -> list[Worker]:
        """Return this cluster's workers with a hold that counts and fulfils a condition."""
        uids = select(tables.entry.c.worker_uid).where(
            tables.entry.c.cluster == self.cluster, tables.entry.c.type == HoldOpened.type, of_hold
        )
        by_worker: dict[str, list[Entry]] = {}
        for entry in _entries(connection, tables.entry.c.worker_uid.in_(uids)):
            by_worker.setdefault(entry.worker_uid, []).append(entry)
        return [worker for entries in by_worker.values() if (worker := assemble(entries)) is not None]


def _not_released_before(from_ms: int | None) -> ColumnElement[bool]:
    """Return the condition on a hold that it has no release, or none before a moment."""
    release, reversal = tables.entry.alias("release"), tables.entry.alias("reversal_of_release")
    released = select(release.c.id).where(
        release.c.worker_uid == tables.entry.c.worker_uid,
        release.c.type == HoldReleased.type,
        ~select(reversal.c.id).where(reversal.c.reverses == release.c.id).exists(),
    )
    if from_ms is not None:
        released = released.where(release.c.effective_from_ms < from_ms)
    return ~released.exists()


def _overlaps(from_ms: int, to_ms: int) -> ColumnElement[bool]:
    """Return the condition on a hold that some of it may lie in a period."""
    return and_(tables.entry.c.effective_from_ms < to_ms, _not_released_before(from_ms))


def _entries(connection: Connection, where: ColumnElement[bool]) -> list[Entry]:
    return [to_entry(stored) for stored in read(connection, where)]


def _chunks(values: Iterable[str]) -> Iterator[list[str]]:
    in_order = sorted(values)
    for start in range(0, len(in_order), _CHUNK):
        yield in_order[start : start + _CHUNK]


def _new_entries(connection: Connection, entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries that the ledger does not hold, each once, and refuse those that contradict it."""
    held = {
        entry.id: entry
        for ids in _chunks({entry.id for entry in entries})
        for entry in _entries(connection, tables.entry.c.id.in_(ids))
    }
    new: list[Entry] = []
    conflicts: list[str] = []
    for entry in entries:
        if entry.id not in held:
            held[entry.id] = entry
            new.append(entry)
        elif entry.facts() != held[entry.id].facts():
            conflicts.append(_conflict(entry, held[entry.id]))
    if conflicts:
        raise ConflictingEntry(conflicts)
    return new


def _conflict(entry: Entry, held: Entry) -> str:
    mine, theirs = entry.facts(), held.facts()
    differing = ", ".join(
        f"{name} {theirs[name]!r}, found {value!r}" for name, value in mine.items() if value != theirs[name]
    )
    correction = held.id_of_revision(held.revision + 1)
    return f"{entry.id}: expected what the ledger holds: {differing}; to correct it, reverse it and post {correction}"


def _check(connection: Connection, worker_uids: set[str]) -> None:
    """Refuse the transaction where the books of a worker do not add up."""
    by_worker: dict[str, list[Entry]] = {}
    for uids in _chunks(worker_uids):
        for entry in _entries(connection, tables.entry.c.worker_uid.in_(uids)):
            by_worker.setdefault(entry.worker_uid, []).append(entry)
    if found := [problem for entries in by_worker.values() for problem in problems(entries)]:
        raise RefusedEntry(found)
