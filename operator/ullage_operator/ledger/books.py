"""Reading the books at one moment: every question that a report asks, of now or as they once stood."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, func, select, true

from . import tables
from .assets import AssetRow, assets
from .entries import (
    CLOSES,
    Access,
    Asset,
    Award,
    Capacity,
    Charge,
    Close,
    Declaration,
    Entry,
    Expend,
    Grant,
    HoldOpened,
    HoldReleased,
    Import,
    OfSubject,
    Reserve,
    Reversal,
    Transfer,
    Unreserve,
    declarations_of,
)
from .reads.closing import CloseRow, LateRow, closes, late
from .reads.compute import ComputeRow, of_imports, of_workers, summed
from .reads.compute import less as compute_less
from .reads.declarations import DeclarationRow, declarations
from .reads.holdings import HoldingRow, holdings
from .reads.lines import LineRow, ReservationRow, lines, reservations
from .reads.periods import Period
from .reads.remaining import remaining
from .reads.spans import Moment, Span, spans, told
from .reads.supply import CapacityRow, ChargeRow, capacity, charges
from .reads.talent import BalanceRow, TransferRow, WorkRow, balances, of_work, transfers, work
from .reads.talent import less as work_less
from .reads.totals import totals
from .selection import (
    Posted,
    counts,
    holds_within,
    last_attempt,
    lies_within,
    not_released_before,
    of_types,
    only,
    posted,
    told_after,
    visible,
    worker_told_after,
    workers_with,
)
from .usage import GroupKey, Member, UsageRow, check, grouped, members
from .usage import less as usage_less
from .workers import Worker, assemble

S = TypeVar("S", bound=OfSubject)

_OF_LINES = (Award, Grant, Reserve, Unreserve, Expend)


class Books:
    """The books at one moment, within a transaction; periods are ``[from_ms, to_ms)``.

    Lines, charges, and what workers and imports held and used go by when an amount counts: a closed period's
    figures are those of its closing, what came late counts in the period that was then open. Reads of what is
    stated (declarations, holdings, transfers, capacity) and of assets go by the date of the facts, as the books
    tell them at the moment: for a closed period as it was closed, open them as of its close.
    """

    def __init__(self, connection: Connection, *, cluster: str, now_ms: int, upto: int | None) -> None:
        self._connection = connection
        self._upto = upto
        self.cluster = cluster
        self.now_ms = now_ms
        """Until when what is open is counted."""

    def last_sequence(self) -> int:
        """Return the number of the last entry: ``AsOf(sequence=…)`` of it gives these books again."""
        if self._upto is not None:
            return self._upto
        return self._connection.execute(select(func.max(tables.entry.c.sequence))).scalar_one() or 0

    def find(self, entry_id: str) -> Entry | None:
        """Return the entry with an id, to look at it or to reverse it; None where there is none."""
        found = posted(self._connection, (tables.entry.c.id == entry_id) & visible(self._upto))
        return found[0].entry if found else None

    def entries(
        self,
        *,
        about: str | None = None,
        type_: str | None = None,
        institution: str | None = None,
        job: tuple[str, str] | None = None,
    ) -> list[Posted[Entry]]:
        """Return entries with their places, in the order they were posted, those that were reversed too.

        Parameters
        ----------
        about
            A subject, or the UID of a worker or of a job; of ``institution/north`` its declarations too.
        type_
            Their type.
        institution
            In whose books they are.
        job
            Namespace and name of a job.
        """
        column, wanted = tables.entry.c, visible(self._upto)
        if about is not None:
            subjects = (about, declarations_of(about) or about)
            wanted &= column.subject.in_(subjects) | (column.worker_uid == about) | (column.job_uid == about)
        if type_ is not None:
            wanted &= column.type == type_
        if institution is not None:
            wanted &= column.institution == institution
        if job is not None:
            wanted &= (column.namespace == job[0]) & (column.job == job[1])
        return posted(self._connection, wanted)

    def standing(self, subject: str) -> list[Entry]:
        """Return the entries of a subject that count, in the order they were posted."""
        return [
            one.entry
            for one in posted(self._connection, (tables.entry.c.subject == subject) & self._counts())
            if one.entry.type != "reversal"
        ]

    def open_holds(self) -> list[HoldOpened]:
        """Return this cluster's holds that have not been released, in the order they were posted."""
        of_hold = not_released_before(None, self._upto)
        return [worker.hold for _, worker in self._workers(of_hold, cluster=self.cluster)]

    def open_holds_of(self, job_uid: str) -> int:
        """Return how many of a job's holds have not been released, whatever was closed meanwhile."""
        wanted = not_released_before(None, self._upto) & (tables.entry.c.job_uid == job_uid)
        return sum(1 for _ in self._workers(wanted, cluster=self.cluster))

    def holds_of(self, job_uid: str) -> list[HoldOpened]:
        """Return all holds of a job, released or not, in the order they were posted."""
        return [worker.hold for worker in self.workers_of(job_uid)]

    def workers_of(self, job_uid: str) -> list[Worker]:
        """Return all workers of a job, those that hold something and those that did, in the order they were posted."""
        return [worker for _, worker in self._workers(tables.entry.c.job_uid == job_uid, cluster=self.cluster)]

    def jobs_released_since(self, posted_ms: int) -> list[str]:
        """Return the jobs of this cluster of which accelerators were posted as released since a moment, by UID."""
        column, hold = tables.entry.c, tables.metadata.tables[HoldOpened.type]
        held = tables.entry.alias("held")
        query = (
            select(column.job_uid)
            .join(held, held.c.worker_uid == column.worker_uid)
            .join(hold, hold.c.sequence == held.c.sequence)
            .where(column.type == HoldReleased.type, column.posted_at_ms >= posted_ms, hold.c.accelerators > 0)
            .where(column.cluster == self.cluster, visible(self._upto))
            .distinct()
            .order_by(column.job_uid)
        )
        return list(self._connection.execute(query).scalars())

    def last_attempt(self, job_uid: str, stage: str) -> int:
        """Return the greatest attempt of a job at a stage that ever held anything; 0 where none did."""
        return last_attempt(self._connection, job_uid, stage, self._upto)

    def usage(
        self, from_ms: int, to_ms: int, *, by: Sequence[GroupKey] = (), job_uid: str | None = None
    ) -> list[UsageRow]:
        """Sum what this cluster's workers held and used; see :func:`~.usage.usage`. Of one job where it is given."""
        check(from_ms, to_ms, by)
        of_job = true() if job_uid is None else tables.entry.c.job_uid == job_uid

        def rows(span: Span, moment: Moment) -> Iterator[tuple[Member, UsageRow]]:
            workers = (worker for _, worker in self._held(span, moment, of_job, cluster=self.cluster))
            return members(workers, from_ms=span.from_ms, to_ms=span.to_ms, now_ms=moment.now_ms, by=by)

        return grouped(((each.key, each.row) for each in told(self._spans(from_ms, to_ms), rows, usage_less)), by)

    def totals(self, *, by: Sequence[GroupKey] = ()) -> list[UsageRow]:
        """Sum what this cluster's workers that have ended held and used in all; see :func:`~.reads.totals.totals`."""
        return totals(self._connection, by, cluster=self.cluster, upto=self._upto)

    def assets(self, from_ms: int, to_ms: int) -> list[AssetRow]:
        """Return the data that this cluster's jobs used; see :func:`~.assets.assets`."""
        workers = self._workers(holds_within(from_ms, to_ms, self._upto), cluster=self.cluster)
        return assets([worker for _, worker in workers], from_ms=from_ms, to_ms=to_ms)

    def compute(self, from_ms: int, to_ms: int) -> list[ComputeRow]:
        """Return the accelerators and cores that were held, of every cluster in these books and of imports."""

        def rows(span: Span, moment: Moment) -> Iterator[tuple[Hashable, ComputeRow]]:
            workers = self._held(span, moment, true(), cluster=None)
            yield from of_workers(workers, *span.ends, moment.now_ms)
            yield from of_imports((one.entry for one in self._within(Import, true(), span, moment)), *span.ends)

        return summed(told(self._spans(from_ms, to_ms), rows, compute_less))

    def capacity(self, from_ms: int, to_ms: int) -> list[CapacityRow]:
        """Return what there was to hold; what is open was there until now, or to the end of the period."""
        return capacity(self._counting(Capacity), Period(from_ms, max(from_ms, min(to_ms, self.now_ms))))

    def charges(self, from_ms: int, to_ms: int) -> list[ChargeRow]:
        """Return what jobs were charged for."""
        return charges(self._with_reversals(Charge), Period(from_ms, to_ms))

    def declarations(self, from_ms: int, to_ms: int) -> list[DeclarationRow]:
        """Return the generations of Institutions and Investments that applied."""
        return declarations(self._counting(Declaration), Period(from_ms, to_ms))

    def lines(self, from_ms: int, to_ms: int, *, names: Sequence[str] | None = None) -> list[LineRow]:
        """Return what happened to lines, of all or of some; from 0 on, what is left of them."""
        return lines(self._of_lines(names), Period(from_ms, to_ms))

    def unit_of(self, line: str) -> tuple[str, str | None] | None:
        """Return the unit and the currency of a line that is awarded; None where it is not."""
        wanted = (tables.entry.c.line == line) & of_types(Award) & self._counts()
        awards = only(posted(self._connection, wanted), Award)
        return next(((one.entry.unit, one.entry.currency) for one in awards), None)

    def remaining(self, names: Sequence[str]) -> dict[str, int]:
        """Return what is left of each of some lines at this moment, in its unit; summed by the database."""
        return remaining(self._connection, names, now_ms=self.now_ms, upto=self._upto)

    def reservations(
        self, *, names: Sequence[str] | None = None, job_uid: str | None = None, here: bool = False
    ) -> list[ReservationRow]:
        """Return what is set aside on lines, of all or of some; or for one job; or by jobs of this cluster."""
        if job_uid is not None:
            of_job = (tables.entry.c.job_uid == job_uid) & tables.entry.c.subject.is_not(None) & visible(self._upto)
            return reservations(posted(self._connection, of_job))
        found = self._of_lines(names)
        return reservations([one for one in found if one.cluster == self.cluster] if here else found)

    def spendings(self, job_uid: str) -> list[Expend]:
        """Return what was spent for a job and counts, in the order it was posted."""
        of_job = (tables.entry.c.job_uid == job_uid) & of_types(Expend) & self._counts()
        return [one.entry for one in only(posted(self._connection, of_job), Expend)]

    def purchases(self) -> list[Expend | Reversal]:
        """Return what was bought with lines, what no longer counts of it and its reversals too, as it was posted."""
        table, target = tables.metadata.tables[Expend.type], tables.entry.alias("target")
        bought = select(table.c.sequence).where(table.c.purchase.is_not(None))
        ids = select(target.c.id).where(target.c.sequence.in_(bought))
        wanted = (tables.entry.c.sequence.in_(bought) | tables.entry.c.reverses.in_(ids)) & visible(self._upto)
        return [one.entry for one in posted(self._connection, wanted) if isinstance(one.entry, Expend | Reversal)]

    def holdings(self, at_ms: int) -> list[HoldingRow]:
        """Return the data assets that institutions hold at the end ``at_ms`` of a period, and who may use them."""
        return holdings(self._counting(Asset), self._counting(Access), at_ms)

    def transfers(self, from_ms: int, to_ms: int) -> list[TransferRow]:
        """Return the headcount and the hours that moved."""
        return transfers(self._counting(Transfer), Period(from_ms, to_ms))

    def balances(self, from_ms: int, to_ms: int) -> list[BalanceRow]:
        """Return headcount at the end and hours within the period, of each account and role; they sum to zero."""
        return balances(self._counting(Transfer), Period(from_ms, to_ms))

    def work(self, from_ms: int, to_ms: int) -> list[WorkRow]:
        """Return the work of people that jobs declared, of every cluster in these books."""

        def rows(span: Span, moment: Moment) -> Iterator[tuple[Hashable, WorkRow]]:
            return of_work(self._within(Transfer, tables.entry.c.job_uid.is_not(None), span, moment), *span.ends)

        return work(told(self._spans(from_ms, to_ms), rows, work_less))

    def closes(self) -> list[CloseRow]:
        """Return the closed periods."""
        return closes(self._counting(Close))

    def late(self, from_ms: int, to_ms: int) -> list[LateRow]:
        """Return what counts in a period although its own time lay in a closed one."""
        of_late = tables.entry.c.sequence.in_(select(tables.booking.c.sequence))
        return late(posted(self._connection, of_late & visible(self._upto)), Period(from_ms, to_ms))

    def _counts(self) -> ColumnElement[bool]:
        return counts(self._upto)

    def _counting(self, kind: type[S]) -> list[Posted[S]]:
        return only(posted(self._connection, of_types(kind) & self._counts()), kind)

    def _with_reversals(self, *kinds: type[OfSubject]) -> list[Posted[Entry]]:
        """Return all entries of some types, and what reverses them."""
        target = tables.entry.alias("target")
        of_kinds = select(target.c.id).where(target.c.type.in_([kind.type for kind in kinds]))
        return posted(
            self._connection, (of_types(*kinds) | tables.entry.c.reverses.in_(of_kinds)) & visible(self._upto)
        )

    def _of_lines(self, names: Sequence[str] | None) -> list[Posted[Entry]]:
        if names is None:
            return self._with_reversals(*_OF_LINES)
        wanted = tables.entry.c.line.in_(names) & tables.entry.c.subject.is_not(None) & visible(self._upto)
        return posted(self._connection, wanted)

    def _spans(self, from_ms: int, to_ms: int) -> list[Span]:
        """Return which time counts in a period, and as which moments of the books told it."""
        closing = posted(self._connection, (tables.entry.c.subject == CLOSES) & visible(self._upto))
        return spans(Period(from_ms, to_ms), closing, Moment(self._upto, self.now_ms))

    def _held(
        self, span: Span, moment: Moment, of_hold: ColumnElement[bool], *, cluster: str | None
    ) -> list[tuple[str, Worker]]:
        """Return workers that may have held something within a span, as the books told of them at a moment."""
        wanted = of_hold & holds_within(span.from_ms, span.to_ms, moment.upto)
        if span.since is not None and span.since.now_ms >= span.to_ms:
            # What was open then was held throughout: only what was posted since can tell otherwise.
            wanted &= worker_told_after(span.since.upto)
        return self._workers(wanted, cluster=cluster, upto=moment.upto)

    def _within(self, kind: type[S], more: ColumnElement[bool], span: Span, moment: Moment) -> list[Posted[S]]:
        """Return entries with a start and an end that may lie within a span, as the books told them at a moment."""
        wanted = of_types(kind) & more & lies_within(*span.ends) & counts(moment.upto)
        if span.since is not None:
            wanted &= told_after(span.since.upto)
        return only(posted(self._connection, wanted), kind)

    def _workers(
        self, of_hold: ColumnElement[bool], *, cluster: str | None, upto: int | None = None
    ) -> list[tuple[str, Worker]]:
        """Return workers with a hold that counts and fulfils a condition, with the cluster that they ran in."""
        upto = self._upto if upto is None else upto
        by_worker: dict[str, list[Posted[Entry]]] = {}
        for one in posted(self._connection, workers_with(of_hold, upto, cluster=cluster)):
            by_worker.setdefault(one.entry.group, []).append(one)
        return [
            (found[0].cluster, replace(worker, released_at_ms=_posted_ms(worker.release, found)))
            for found in by_worker.values()
            if (worker := assemble([one.entry for one in found])) is not None
        ]


def _posted_ms(entry: Entry | None, found: Sequence[Posted[Entry]]) -> int | None:
    return next((one.posted_at_ms for one in found if one.entry is entry), None)
