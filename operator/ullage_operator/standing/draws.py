"""A job's turn at the books: settle the interval that is over, and set aside what the next one takes.

An interval is reserved, spent and given back as one draw on one line. What is spent is what the job's workers held in
it by the books, whatever was reserved: time past the reservation, the operator's absence included, is an overdraft.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ullage_operator.api import Declarations
from ullage_operator.api.types import Phase, StageState, StageStatus, TrainingJob
from ullage_operator.ledger import (
    Books,
    Charge,
    Entry,
    Expend,
    Ledger,
    Reserve,
    Reversal,
)
from ullage_operator.plan.budget import BudgetVerdict, Demand, Reservation, Terms, admit, draw_order
from ullage_operator.plan.instants import millis
from ullage_trainer.config import Reason, Stage

from .declare import AUTHOR
from .funding import Source, demand_of, line_names, runs_on_own_machines, sources
from .owed import less_owed, owed, with_owed
from .settle import SECOND_MS, corrected, settled

_INFRASTRUCTURE: Final = frozenset({Reason.DISRUPTED, Reason.LOST})
_TERMINAL: Final = frozenset({Phase.SUCCEEDED, Phase.FAILED})


@dataclass(frozen=True)
class Case:
    """A job whose turn it is."""

    job: TrainingJob
    """The job, with the institution that it is in the books of."""
    live: int
    """How many of its workers hold something now, as far as is seen."""
    kinds: Mapping[str, str]
    """Which accelerator a resource of the cluster is."""
    terms: Terms
    """How the operator accounts."""

    @property
    def uid(self) -> str:
        """The job's UID."""
        return self.job.metadata.uid or ""

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
    names = line_names(declarations, case.job)
    with ledger.books() as books:
        if books.open_holds_of(case.uid) != case.live:
            return Turn(None, reserved=True)
        held = next(iter(books.reservations(job_uid=case.uid)), None)
        spent = [] if held is None or now_ms <= held.from_ms else settled(books, held, case.kinds, now_ms)
        remaining = books.remaining(sorted({*names, *([held.line] if held else [])}))
        start_ms = now_ms if held is not None else _begun(books, case.uid, now_ms)
        due = held is not None and now_ms >= held.to_ms - case.terms.grace_ms
        over = held is not None and case.live == 0 and (stage is None or _ended(stage, spent))
        amended = corrected(books, case.uid, now_ms) if case.live == 0 and (held is None or due or over) else []
        # A job that is to hold nothing more may owe for what it held.
        holder = demand or (_held(books, case) if held is None else None)
        payers: list[Source] = []
        if holder is not None and not _on_own(case.job, declarations, holder, now_ms):
            settling = {} if held is None or not (due or over) else {held.line: held.amount - _amount(spent)}
            left = {name: amount + settling.get(name, 0) for name, amount in remaining.items()}
            payers = sources(declarations, case.job, holder, now_ms, left)
        owing = {} if holder is None or held is not None else owed(books, case.job, holder, payers, start_ms)
    payers = less_owed(payers, owing)
    reservation = None if held is None or due or over else Reservation(held.line, held.from_ms, held.to_ms, held.amount)
    verdict = BudgetVerdict(allowed=True)
    if demand is not None:
        verdict = admit([source.line for source in payers], demand, reservation, start_ms, case.terms)
    if holder is not None:
        verdict = with_owed(verdict, holder, payers, owing, start_ms)
    entries: list[Entry] = amended if held is None else []
    # A job that is to stop has what is reserved until the last of its workers has ended.
    if spent and (over or (due and (verdict.allowed or case.live == 0))):
        entries += [*amended, *spent]
        entries += _refund(case.job, stage, spent, now_ms) if over else []
    if verdict.reserve is not None:
        payer = next(source for source in payers if source.line.name == verdict.reserve.line)
        entries.append(_reserve(case, payer, verdict.reserve))
    if entries:
        ledger.post(entries)
    withdrawn = None
    if held is not None and demand is not None and held.line not in names:
        following = draw_order([source.line for source in payers if not source.line.unpriced], demand, now_ms)
        withdrawn = Withdrawn(held.line, following[0].name if following else None)
    return Turn(verdict, verdict.reserve is not None or (held is not None and not entries), withdrawn)


def _begun(books: Books, job_uid: str, now_ms: int) -> int:
    """Return from when a job's reservation counts: the second that has begun, or now if it held something in it.

    When a pod was bound is told in whole seconds: it may be told to have been before the reservation for it. What of
    the second lies in an interval that is settled is corrected there.
    """
    second_ms = now_ms - now_ms % SECOND_MS
    if any(row.holds for row in books.usage(second_ms, now_ms, job_uid=job_uid)):
        return now_ms
    return max([second_ms, *(spent.to_ms for spent in books.spendings(job_uid))])


def _held(books: Books, case: Case) -> Demand | None:
    """Return what a job held last; null where that were no accelerators."""
    held = next(
        (hold for hold in reversed(books.holds_of(case.uid)) if hold.accelerators and not hold.own_machines), None
    )
    if held is None:
        return None
    resource, named = held.accelerator_type or "", case.job.spec.accounting.investment
    named_line = None if named is None else f"{named.name}/{named.line}"
    return Demand(held.accelerators, case.kinds.get(resource, resource), named_line)


def settle_orphan(ledger: Ledger, job_uid: str, kinds: Mapping[str, str], now_ms: int) -> bool:
    """Settle what is set aside for a job that is gone; return whether nothing is set aside any more."""
    with ledger.books() as books:
        if books.open_holds_of(job_uid):
            return False
        rows = [row for row in books.reservations(job_uid=job_uid) if now_ms > row.from_ms]
        entries = [entry for row in rows for entry in settled(books, row, kinds, now_ms)]
        entries = [*corrected(books, job_uid, now_ms), *entries] if entries else []
    if entries:
        ledger.post(entries)
    return True


def own_charge(books: Books, case: Case, declarations: Declarations) -> Charge | None:
    """Return what a job that has ended held on its institution's own machines; null where it held no such thing."""
    status, kinds = case.job.status, case.kinds
    if status.phase not in _TERMINAL or status.start_time is None or status.finish_time is None:
        return None
    held = [hold for hold in books.holds_of(case.uid) if hold.accelerators]
    start_ms, end_ms = millis(status.start_time), millis(status.finish_time)
    if not held:
        return None
    resource = held[0].accelerator_type or ""
    kind = kinds.get(resource, resource)
    end = max(books.now_ms, end_ms) + 1
    quantity = sum(row.accelerator_ms for row in books.usage(0, end, job_uid=case.uid))
    if not _on_own(case.job, declarations, Demand(held[0].accelerators, kind), start_ms):
        quantity -= books.drawn_ms(case.uid, 0, end)
        if not quantity:
            return None
    return Charge(
        institution=case.job.spec.accounting.institution,
        job_uid=case.uid,
        resource="accelerator",
        resource_type=kind,
        quantity_ms=quantity,
        from_ms=min(start_ms, *(hold.from_ms for hold in held)),
        to_ms=max(start_ms, end_ms),
    )


def charge_own(ledger: Ledger, case: Case, declarations: Declarations) -> bool:
    """Post that nothing pays for what a job held on own machines, once it has ended; return whether that is done.

    Raises
    ------
    LedgerError
        Nothing was written.
    """
    with ledger.books() as books:
        if books.open_holds_of(case.uid):
            return False
        charge = own_charge(books, case, declarations)
    if charge is not None and ledger.find(charge.id) is None:
        ledger.post([charge])
    return True


def _reserve(case: Case, payer: Source, reservation: Reservation) -> Reserve:
    return Reserve(
        institution=case.job.spec.accounting.institution,
        line=reservation.line,
        job_uid=case.uid,
        unit=payer.unit,
        currency=payer.line.currency,
        amount=reservation.amount,
        from_ms=reservation.from_ms,
        to_ms=reservation.until_ms,
    )


def _refund(job: TrainingJob, stage: StageStatus | None, spent: list[Entry], now_ms: int) -> list[Entry]:
    """Return the reversal of what was spent in an interval that a failure of the infrastructure cut off."""
    failure = job.status.failure
    finished = [each.finish_time for each in job.status.stages if each.finish_time and each.state is not _DONE]
    expend = next((entry for entry in spent if isinstance(entry, Expend)), None)
    if failure is None or failure.reason not in _INFRASTRUCTURE or expend is None or not finished:
        return []
    if (stage is not None and stage.state is not StageState.PENDING) or millis(max(finished)) + 1000 < expend.from_ms:
        return []
    reason = " ".join(f"{failure.reason.value}: {failure.message}".split())[:200]
    return [Reversal.of(expend, reason=reason, author=AUTHOR, at_ms=now_ms)]


_DONE: Final = StageState.SUCCEEDED


def _on_own(job: TrainingJob, declarations: Declarations, demand: Demand, now_ms: int) -> bool:
    institution = declarations.institutions_by_id.get(job.spec.accounting.institution or "")
    return runs_on_own_machines(job, institution, demand.kind, now_ms)


def _ended(stage: StageStatus, spent: list[Entry]) -> bool:
    """Tell whether an attempt has ended within an interval, and no other one is open."""
    return stage.state is StageState.PENDING and any(isinstance(entry, Expend) for entry in spent)


def _amount(spent: list[Entry]) -> int:
    return sum(entry.amount for entry in spent if isinstance(entry, Expend))
