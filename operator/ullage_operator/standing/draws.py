"""A job's turn at the books: settle the interval that is over, and set aside what the next one takes.

An interval is reserved, spent and given back as one draw on one line. What is spent is what the job's workers held in
it by the books, whatever was reserved: time past the reservation, the operator's absence included, is an overdraft.
What was held outside of all intervals, as while the books refused, is spent as soon as the books tell of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ullage_operator.api import Declarations
from ullage_operator.api.types import Phase, StageState, StageStatus, TrainingJob
from ullage_operator.ledger import (
    Books,
    Charge,
    Entry,
    EntryContext,
    Expend,
    Ledger,
    ReservationRow,
    Reserve,
    Unreserve,
)
from ullage_operator.plan.budget import BudgetVerdict, Demand, Reservation, Terms, admit, draw_order, due_ms
from ullage_trainer.config import Stage

from .amend import Amended, amended
from .funding import Source, demand_of, line_names, runs_on_own_machines, sources
from .held import Held, ended_ms, held_by
from .own import own_charges
from .settle import Settled, corrected, settled
from .uncharged import SECOND_MS, Uncharged, paid_times, uncharged

_TERMINAL: Final = frozenset({Phase.SUCCEEDED, Phase.FAILED})
_MOMENT_MS: Final = 60_000
"""Within which a status tells of what the books know, unless the API server is away."""


@dataclass(frozen=True)
class Case:
    """A job whose turn it is."""

    job: TrainingJob
    """The job, with the institution that it is in the books of."""
    context: EntryContext
    """Whose books it is in."""
    live: int
    """How many of its workers hold something now, as far as is seen."""
    kinds: Mapping[str, str]
    """Which accelerator a resource of the cluster is."""
    terms: Terms
    """How the operator accounts."""

    @property
    def uid(self) -> str:
        """The job's UID."""
        return self.context.job_uid

    @property
    def stage(self) -> StageStatus | None:
        """The stage that it is at, or about to be; null once it is to hold nothing more."""
        status = self.job.status
        if status.phase in _TERMINAL or self.job.metadata.deletion_timestamp or self.job.spec.run_policy.suspend:
            return None
        known = {stage.name: stage for stage in status.stages}
        stages = (known.get(name, StageStatus(name=Stage(name))) for name in self.job.spec.stages)
        return next((stage for stage in stages if stage.state is not StageState.SUCCEEDED), None)


@dataclass(frozen=True)
class Turn:
    """What came of it."""

    verdict: BudgetVerdict | None
    """Whether the job may go on; null where that can't be told yet, since the books and what is seen differ."""
    reserved: bool = False
    """Something is set aside for the job now."""
    withdrawn: Withdrawn | None = None
    """The line that it draws on, if that is no longer there for it."""


@dataclass(frozen=True)
class Withdrawn:
    """A line that a job draws on and that is gone: it was deleted, or is no longer for such jobs."""

    line: str
    following: str | None
    """Which line it draws on next; null where it will draw on none."""

    @property
    def message(self) -> str:
        """What the job is told."""
        then = "goes on unmetered" if self.following is None else f"draws on {self.following}"
        return (
            f"expected {self.line} to be there still, found it withdrawn; what is set aside on it pays, then it {then}"
        )


@dataclass(frozen=True)
class _Account:
    """What the books say of a job whose turn it is."""

    reserved: ReservationRow | None
    """What is set aside for it."""
    held: Sequence[Held]
    """All that it held."""
    interval: Settled | None
    """What settles the interval, if one has begun."""
    late: Uncharged
    """What it held before that."""
    over: bool
    """Nothing is held any more that the reservation is for."""

    @property
    def spent(self) -> list[Expend]:
        """What was held in the interval."""
        return [] if self.interval is None or self.interval.spent is None else [self.interval.spent]

    @property
    def row(self) -> Reservation | None:
        """The reservation, as it is planned with."""
        row = self.reserved
        return None if row is None else Reservation(row.line, row.from_ms, row.to_ms, row.amount)


def take_turn(ledger: Ledger, case: Case, declarations: Declarations, now_ms: int) -> Turn:
    """Settle what is over and reserve what comes, in one transaction.

    To be called by the one writer of the books: what is read is true until it has written.

    Raises
    ------
    LedgerError
        Nothing was written.
    """
    stage = case.stage
    names = line_names(declarations, case.context)
    with ledger.books() as books:
        if books.open_holds_of(case.uid) != case.live:
            return Turn(None, reserved=True)
        held = held_by(books, case.uid)
        if stage is None and case.live == 0:
            # By a node's clock its end may not have come yet; there is no other turn.
            now_ms = max(now_ms, ended_ms(held))
        account = _account(books, case, held, now_ms)
        reserved = account.reserved
        start_ms = now_ms if reserved is not None else _begun(books, case.uid, held, now_ms)
        demand = None if stage is None else demand_of(case.job, stage.name, case.kinds)
        if demand is not None and _on_own(case.job, declarations, demand, now_ms):
            demand = None
        remaining = {} if demand is None else books.remaining(sorted({*names, *([reserved.line] if reserved else [])}))
        found = [] if demand is None else sources(declarations, case.context, demand, now_ms, remaining)
        due = account.row is not None and now_ms >= _due_ms(account.row, case, demand, found, now_ms)
        if due and _is_to_be_told(case, account, now_ms):
            return Turn(None, reserved=True)
        ends = account.interval is not None and (account.over or (due and case.live == 0))
        fresh = [*account.late.spent, *(account.spent if ends else [])]
        amends = Amended()
        if case.live == 0:
            amends = amended(case.job, stage, books.spendings(case.uid), fresh, held, now_ms)
        verdict, payers = BudgetVerdict(allowed=True), []
        if demand is not None:
            left = _left(remaining, account, amends, settles=due or account.over)
            payers = [replace(source, line=replace(source.line, remaining=left[source.line.name])) for source in found]
            kept = None if due or account.over else account.row
            verdict = admit([source.line for source in payers], demand, kept, start_ms, case.terms)
        # A job that is to stop has what is reserved until the last of its workers has ended.
        settles = ends or (due and account.interval is not None and stage is not None and verdict.allowed)
        entries: list[Entry] = [*account.late.spent, *amends.entries]
        if account.interval is not None and settles:
            entries = [*account.interval.entries, *entries]
        if case.job.status.phase in _TERMINAL and case.live == 0:
            entries += _own(books, case.uid, held, account.late, case.kinds)
    if verdict.reserve is not None:
        payer = next(source for source in payers if source.line.name == verdict.reserve.line)
        entries.append(_reserve(case, payer, verdict.reserve))
    if entries:
        ledger.post(entries)
    withdrawn = None
    if reserved is not None and stage is not None and reserved.line not in names:
        withdrawn = _withdrawn(reserved.line, payers, demand, now_ms)
    return Turn(verdict, verdict.reserve is not None or (reserved is not None and not settles), withdrawn)


def _account(books: Books, case: Case, held: Sequence[Held], now_ms: int) -> _Account:
    reserved, stage = next(iter(books.reservations(job_uid=case.uid)), None), case.stage
    interval = None
    if reserved is not None and now_ms > reserved.from_ms:
        interval = settled(books, reserved, held, case.kinds, now_ms)
    return _Account(
        reserved=reserved,
        held=held,
        interval=interval,
        late=uncharged(books, held, reserved.from_ms if reserved else now_ms, case.job, case.kinds),
        over=reserved is not None and case.live == 0 and (stage is None or _ended(stage, reserved, interval, held)),
    )


def _due_ms(row: Reservation, case: Case, demand: Demand | None, found: Sequence[Source], now_ms: int) -> int:
    if demand is None:
        return row.until_ms - case.terms.grace_ms
    return due_ms([source.line for source in found], demand, row, now_ms, case.terms)


def _is_to_be_told(case: Case, account: _Account, now_ms: int) -> bool:
    """Tell whether an attempt has just ended of which the status does not tell yet: how it ended is known in a moment.

    Not for longer: a stage may be open with one worker that has ended, and others that a quota keeps out.
    """
    if case.stage is None or case.stage.state is StageState.PENDING or case.live:
        return False
    return any(each.told_ms is not None and now_ms < each.told_ms + _MOMENT_MS for each in account.held)


def _left(remaining: Mapping[str, int], account: _Account, amends: Amended, *, settles: bool) -> dict[str, int]:
    """Return what is left of lines once a turn's entries are written, but for what it reserves."""
    left = dict(remaining)
    if account.interval is not None and settles:
        left[account.interval.given_back.line] += account.interval.freed
    for spent in account.late.spent:
        left[spent.line] = left.get(spent.line, 0) - spent.amount
    for line, amount in amends.freed.items():
        left[line] = left.get(line, 0) + amount
    return left


def _withdrawn(line: str, payers: Sequence[Source], demand: Demand | None, now_ms: int) -> Withdrawn:
    priced = [source.line for source in payers if not source.line.unpriced]
    following = [] if demand is None else draw_order(priced, demand, now_ms)
    return Withdrawn(line, following[0].name if following else None)


def _begun(books: Books, job_uid: str, held: Sequence[Held], now_ms: int) -> int:
    """Return from when a job's reservation counts: the second that has begun, or now if it drew or held in that.

    When a pod was bound is told in whole seconds: it may be told to have been before the reservation for it.
    """
    second_ms = now_ms - now_ms % SECOND_MS
    back = (one.entry for one in books.entries(about=job_uid, type_=Unreserve.type))
    drew = any(isinstance(entry, Unreserve) and entry.at_ms >= second_ms for entry in back)
    start_ms = now_ms if drew or any(each.ms(second_ms, now_ms) for each in held) else second_ms
    # A node's clock that is ahead may have told of more than there was yet.
    return max([start_ms, *(to_ms for _, to_ms in paid_times(books, job_uid))])


def settle_orphan(
    ledger: Ledger,
    job_uid: str,
    kinds: Mapping[str, str],
    now_ms: int,
    job: TrainingJob | None = None,
    *,
    ended: bool = True,
) -> bool:
    """Settle what a job that is gone held, and what is set aside for it; return whether all of it has ended.

    Where it is known what the job was, the line that it named and the nodes that it chose count as while it was there.
    One that has not ended may hold more yet: what it held on own machines is told when it has.

    Raises
    ------
    LedgerError
        Nothing was written.
    """
    with ledger.books() as books:
        if books.open_holds_of(job_uid):
            return False
        held = held_by(books, job_uid)
        now_ms = max(now_ms, ended_ms(held))
        reserved = next(iter(books.reservations(job_uid=job_uid)), None)
        if reserved is not None and now_ms <= reserved.from_ms:
            return False
        late = uncharged(books, held, reserved.from_ms if reserved else now_ms, job, kinds)
        entries: list[Entry] = [*corrected(books.spendings(job_uid), held, now_ms), *late.spent]
        if reserved is not None:
            entries += settled(books, reserved, held, kinds, now_ms).entries
        entries += _own(books, job_uid, held, late, kinds) if ended else []
    if entries:
        ledger.post(entries)
    return True


def _own(books: Books, job_uid: str, held: Sequence[Held], late: Uncharged, kinds: Mapping[str, str]) -> list[Entry]:
    """Return what is to be written of own machines, once: what a kind of accelerator is called may change later."""
    charges: list[Entry] = [*own_charges(held, late.own_ms, kinds)]
    return charges if charges and not books.entries(about=job_uid, type_=Charge.type) else []


def _reserve(case: Case, payer: Source, reservation: Reservation) -> Reserve:
    return Reserve(
        institution=case.context.institution,
        line=reservation.line,
        job_uid=case.uid,
        unit=payer.unit,
        currency=payer.line.currency,
        amount=reservation.amount,
        rate=payer.rate,
        from_ms=reservation.from_ms,
        to_ms=reservation.until_ms,
    )


def _on_own(job: TrainingJob, declarations: Declarations, demand: Demand, now_ms: int) -> bool:
    institution = declarations.institutions_by_id.get(job.spec.accounting.institution or "")
    return runs_on_own_machines(job, institution, demand.kind, now_ms)


def _ended(stage: StageStatus, reserved: ReservationRow, interval: Settled | None, held: Sequence[Held]) -> bool:
    """Tell whether an attempt has ended that something was set aside for, and no other one is open."""
    spent = interval is not None and interval.spent is not None
    told = any(each.told_ms is not None and each.told_ms >= reserved.from_ms for each in held)
    return stage.state is StageState.PENDING and (spent or told)
