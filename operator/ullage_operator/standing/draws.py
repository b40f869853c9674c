"""A job's turn at the books: settle the interval that is over, and set aside what the next one takes.

An interval is reserved, spent and given back as one draw on one line. What is spent is what the job's workers held in
it by the books, whatever was reserved: time past the reservation, the operator's absence included, is an overdraft.
What was held outside of all intervals, as while the books refused, is spent as soon as the books tell of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ullage_operator.api import Declarations
from ullage_operator.api.types import Phase, StageState, StageStatus, TrainingJob
from ullage_operator.ledger import (
    Books,
    Entry,
    EntryContext,
    Expend,
    Ledger,
    ReservationRow,
    Reserve,
    Reversal,
    Unreserve,
)
from ullage_operator.plan.budget import BudgetVerdict, Demand, Reservation, Terms, admit, draw_order
from ullage_operator.plan.instants import millis
from ullage_trainer.config import Reason, Stage

from .declare import AUTHOR
from .funding import Source, demand_of, line_names, runs_on_own_machines, sources
from .held import Held, ended_ms, held_by
from .own import own_charges
from .settle import Settled, corrected, settled
from .uncharged import SECOND_MS, Uncharged, uncharged

_INFRASTRUCTURE: Final = frozenset({Reason.DISRUPTED, Reason.LOST})
_TERMINAL: Final = frozenset({Phase.SUCCEEDED, Phase.FAILED})


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
    due: bool
    """The reservation ends soon, or has ended."""
    over: bool
    """Nothing is held any more that the reservation is for."""

    @property
    def kept(self) -> Reservation | None:
        """The reservation, if it goes on."""
        row = self.reserved
        return (
            None if row is None or self.due or self.over else Reservation(row.line, row.from_ms, row.to_ms, row.amount)
        )

    def left(self, remaining: Mapping[str, int]) -> dict[str, int]:
        """Return what is left of lines once this turn's entries are written, but for what it reserves."""
        left = dict(remaining)
        if self.interval is not None and (self.due or self.over):
            left[self.interval.given_back.line] += self.interval.freed
        for spent in self.late.spent:
            left[spent.line] = left.get(spent.line, 0) - spent.amount
        return left


def _account(books: Books, case: Case, held: Sequence[Held], now_ms: int) -> _Account:
    reserved = next(iter(books.reservations(job_uid=case.uid)), None)
    interval = None
    if reserved is not None and now_ms > reserved.from_ms:
        interval = settled(books, reserved, held, case.kinds, now_ms)
    stage = case.stage
    return _Account(
        reserved=reserved,
        held=held,
        interval=interval,
        late=uncharged(books, held, reserved.from_ms if reserved else now_ms, case.job, case.kinds),
        due=reserved is not None and now_ms >= reserved.to_ms - case.terms.grace_ms,
        over=reserved is not None and case.live == 0 and (stage is None or _ended(stage, interval)),
    )


def take_turn(ledger: Ledger, case: Case, declarations: Declarations, now_ms: int) -> Turn:
    """Settle what is over and reserve what comes, in one transaction.

    To be called by the one writer of the books: what is read is true until it has written.

    Raises
    ------
    LedgerError
        Nothing was written.
    """
    stage = case.stage
    demand = None if stage is None else demand_of(case.job, stage.name, case.kinds)
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
        payers: list[Source] = []
        verdict = BudgetVerdict(allowed=True)
        if demand is not None:
            if not _on_own(case.job, declarations, demand, now_ms):
                left = account.left(books.remaining(sorted({*names, *([reserved.line] if reserved else [])})))
                payers = sources(declarations, case.context, demand, now_ms, left)
            verdict = admit([source.line for source in payers], demand, account.kept, start_ms, case.terms)
        # A job that is to stop has what is reserved until the last of its workers has ended.
        ends = account.over or (account.due and (verdict.allowed or case.live == 0))
        settles = ends and account.interval is not None
        entries = _entries(books, case, account, now_ms, settles=settles)
    if verdict.reserve is not None:
        payer = next(source for source in payers if source.line.name == verdict.reserve.line)
        entries.append(_reserve(case, payer, verdict.reserve))
    if entries:
        ledger.post(entries)
    withdrawn = None
    if reserved is not None and demand is not None and reserved.line not in names:
        following = draw_order([source.line for source in payers if not source.line.unpriced], demand, now_ms)
        withdrawn = Withdrawn(reserved.line, following[0].name if following else None)
    return Turn(verdict, verdict.reserve is not None or (reserved is not None and not settles), withdrawn)


def _entries(books: Books, case: Case, account: _Account, now_ms: int, *, settles: bool) -> list[Entry]:
    """Return what is to be written of what a job held."""
    entries: list[Entry] = [*account.late.spent]
    if case.live == 0 and (account.reserved is None or settles):
        entries = [*corrected(books.spendings(case.uid), account.held, now_ms), *entries]
    if account.interval is not None and settles:
        entries += account.interval.entries
        entries += _refund(case.job, case.stage, account.interval.spent, now_ms) if account.over else []
    if case.job.status.phase in _TERMINAL and case.live == 0:
        charges = own_charges(account.held, account.late.own_ms, case.kinds)
        entries += [charge for charge in charges if books.find(charge.id) is None]
    return entries


def _begun(books: Books, job_uid: str, held: Sequence[Held], now_ms: int) -> int:
    """Return from when a job's reservation counts: the second that has begun, or now if it drew or held in that.

    When a pod was bound is told in whole seconds: it may be told to have been before the reservation for it.
    """
    second_ms = now_ms - now_ms % SECOND_MS
    back = (one.entry for one in books.entries(about=job_uid, type_=Unreserve.type))
    drew = any(isinstance(entry, Unreserve) and entry.at_ms >= second_ms for entry in back)
    return now_ms if drew or any(each.ms(second_ms, now_ms) for each in held) else second_ms


def settle_orphan(ledger: Ledger, job_uid: str, kinds: Mapping[str, str], now_ms: int) -> bool:
    """Settle what a job that is gone held, and what is set aside for it; return whether all of it has ended.

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
        reserved = next((row for row in books.reservations(job_uid=job_uid) if now_ms > row.from_ms), None)
        late = uncharged(books, held, reserved.from_ms if reserved else now_ms, None, kinds)
        entries: list[Entry] = [*corrected(books.spendings(job_uid), held, now_ms), *late.spent]
        if reserved is not None:
            entries += settled(books, reserved, held, kinds, now_ms).entries
        charges = own_charges(held, late.own_ms, kinds)
        entries += [charge for charge in charges if books.find(charge.id) is None]
    if entries:
        ledger.post(entries)
    return True


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


def _refund(job: TrainingJob, stage: StageStatus | None, spent: Expend | None, now_ms: int) -> list[Entry]:
    """Return the reversal of what was spent in an interval that a failure of the infrastructure cut off."""
    failure = job.status.failure
    finished = [each.finish_time for each in job.status.stages if each.finish_time and each.state is not _DONE]
    if failure is None or failure.reason not in _INFRASTRUCTURE or spent is None or not finished:
        return []
    if (stage is not None and stage.state is not StageState.PENDING) or millis(
        max(finished)
    ) + SECOND_MS < spent.from_ms:
        return []
    reason = " ".join(f"{failure.reason.value}: {failure.message}".split())[:200]
    return [Reversal.of(spent, reason=reason, author=AUTHOR, at_ms=now_ms)]


_DONE: Final = StageState.SUCCEEDED


def _on_own(job: TrainingJob, declarations: Declarations, demand: Demand, now_ms: int) -> bool:
    institution = declarations.institutions_by_id.get(job.spec.accounting.institution or "")
    return runs_on_own_machines(job, institution, demand.kind, now_ms)


def _ended(stage: StageStatus, interval: Settled | None) -> bool:
    """Tell whether an attempt has ended within an interval, and no other one is open."""
    return stage.state is StageState.PENDING and interval is not None and interval.spent is not None
