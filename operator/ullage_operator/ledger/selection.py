"""Which entries a question is about: conditions on the table ``entry``, as the books stood at some moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, FromClause, and_, func, select, true

from . import tables
from .base import Provenance
from .entries import Entry, HoldOpened, HoldReleased
from .rows import booked_ms, read, to_entry

E = TypeVar("E", covariant=True)  # noqa: PLC0105  # E is what the field calls it


@dataclass(frozen=True)
class AsOf:
    """A moment of the books: after an entry, or at an instant. One of both is given."""

    sequence: int | None = None
    """The last entry that is seen."""
    posted_at_ms: int | None = None
    """The last instant at which what was posted is seen, in milliseconds since 1970."""

    def __post_init__(self) -> None:
        if (self.sequence is None) == (self.posted_at_ms is None):
            raise ValueError(f"expected either a sequence or an instant, found {self.sequence}, {self.posted_at_ms}")


@dataclass(frozen=True)
class Posted(Generic[E]):
    """An entry and its place in the books."""

    entry: E
    """The entry."""
    sequence: int
    """Its number."""
    cluster: str
    """Whose ledger it was posted by."""
    posted_at_ms: int
    """When it was posted."""
    booked_ms: int | None
    """In which instant it counts, where its own lay in a closed period."""

    @property
    def late(self) -> bool:
        """Whether its own time lay in a closed period."""
        return self.booked_ms is not None


def horizon(connection: Connection, as_of: AsOf) -> tuple[int, int]:
    """Return the last sequence that is seen and the instant it was posted at; zeros where nothing is."""
    column, seen = tables.entry.c, as_of.sequence
    condition = column.posted_at_ms <= as_of.posted_at_ms if seen is None else column.sequence <= seen
    last = select(column.sequence, column.posted_at_ms).where(condition).order_by(column.sequence.desc()).limit(1)
    sequence, posted_at_ms = connection.execute(last).one_or_none() or (0, 0)
    return sequence, posted_at_ms if as_of.posted_at_ms is None else as_of.posted_at_ms


def visible(upto: int | None, entry: FromClause = tables.entry) -> ColumnElement[bool]:
    """Return the condition that an entry was there when the books ended with a sequence; null is now."""
    return true() if upto is None else entry.c.sequence <= upto


def counts(upto: int | None, entry: FromClause = tables.entry) -> ColumnElement[bool]:
    """Return the condition that an entry is there and not reversed."""
    reversal = tables.entry.alias()
    reversing = select(reversal.c.id).where(reversal.c.reverses == entry.c.id, visible(upto, reversal))
    return and_(visible(upto, entry), ~reversing.exists())


def of_types(*types: type[Any]) -> ColumnElement[bool]:
    """Return the condition that an entry is of some types."""
    return tables.entry.c.type.in_([kind.type for kind in types])


def not_released_before(from_ms: int | None, upto: int | None) -> ColumnElement[bool]:
    """Return the condition on a hold that it has no release, or none before a moment.

    Where the end was estimated, it may have been as late as it was written down.
    """
    release = tables.entry.alias("release")
    released = select(release.c.id).where(
        release.c.worker_uid == tables.entry.c.worker_uid,
        release.c.type == HoldReleased.type,
        counts(upto, release),
    )
    if from_ms is not None:
        estimated = (release.c.provenance == Provenance.ESTIMATED.value) & (release.c.posted_at_ms > from_ms)
        released = released.where(release.c.effective_from_ms < from_ms, ~estimated)
    return ~released.exists()


def holds_within(from_ms: int, to_ms: int, upto: int | None) -> ColumnElement[bool]:
    """Return the condition on a hold that some of it may lie in a period."""
    return and_(tables.entry.c.effective_from_ms < to_ms, not_released_before(from_ms, upto))


def workers_with(of_hold: ColumnElement[bool], upto: int | None, *, cluster: str | None) -> ColumnElement[bool]:
    """Return the condition that an entry is of a worker with a hold that fulfils another one."""
    uids = select(tables.entry.c.worker_uid).where(
        tables.entry.c.type == HoldOpened.type, of_hold, visible(upto), true() if cluster is None else _of(cluster)
    )
    return and_(tables.entry.c.worker_uid.in_(uids), visible(upto))


def worker_told_after(upto: int | None) -> ColumnElement[bool]:
    """Return the condition that an entry is of a worker of which something was posted after a sequence."""
    later = tables.entry.alias("later")
    uids = select(later.c.worker_uid).where(later.c.sequence > (upto or 0), later.c.worker_uid.is_not(None))
    return tables.entry.c.worker_uid.in_(uids)


def told_after(upto: int | None) -> ColumnElement[bool]:
    """Return the condition that an entry was posted, or reversed, after a sequence."""
    later = tables.entry.alias("later")
    gone = select(later.c.reverses).where(later.c.sequence > (upto or 0), later.c.reverses.is_not(None))
    return (tables.entry.c.sequence > (upto or 0)) | tables.entry.c.id.in_(gone)


def lies_within(from_ms: int, to_ms: int) -> ColumnElement[bool]:
    """Return the condition that an entry with a start and an end may have some of its time in a period."""
    return and_(tables.entry.c.effective_from_ms < to_ms, tables.entry.c.effective_to_ms >= from_ms)


def last_attempt(connection: Connection, job_uid: str, stage: str, upto: int | None) -> int:
    """Return the greatest attempt of a job at a stage that ever held anything; 0 where none did."""
    query = (
        select(func.max(tables.hold.c.attempt))
        .join(tables.entry, tables.entry.c.sequence == tables.hold.c.sequence)
        .where(tables.entry.c.job_uid == job_uid, tables.hold.c.stage == stage, visible(upto))
    )
    return connection.execute(query).scalar_one() or 0


def posted(connection: Connection, where: ColumnElement[bool]) -> list[Posted[Entry]]:
    """Return the entries that fulfil a condition, with their places, in the order they were posted."""
    return [
        Posted(
            entry=to_entry(stored),
            sequence=int(stored.entry["sequence"] or 0),
            cluster=str(stored.entry["cluster"]),
            posted_at_ms=int(stored.entry["posted_at_ms"] or 0),
            booked_ms=booked_ms(stored),
        )
        for stored in read(connection, where)
    ]


def only(found: Iterable[Posted[Entry]], kind: type[E]) -> list[Posted[E]]:
    """Return the entries of one type."""
    return [
        Posted(one.entry, one.sequence, one.cluster, one.posted_at_ms, one.booked_ms)
        for one in found
        if isinstance(one.entry, kind)
    ]


def _of(cluster: str) -> ColumnElement[bool]:
    return tables.entry.c.cluster == cluster
