"""What a job held outside of all intervals that were set aside for it: who pays it, from when until when.

A job never waits for the store: one that could not ask goes on, and what it held meanwhile is charged when the books
are back, to the line that would have paid it then. The same goes for what is told later than the interval that it lies
before. What was held when no line was there for it was drawn on nothing, and is charged to none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from ullage_operator.api.types import TrainingJob
from ullage_operator.ledger import Books, Expend
from ullage_operator.plan.budget import Demand, FundingLine, draw_order

from .funding import Source, runs_on_own_machines, sources
from .held import Held, quantity_ms, within
from .past import Past

SECOND_MS: Final = 1000
"""Times of pods are told in whole seconds."""
Times = tuple[int, int]
"""From when until when, in milliseconds since 1970; half-open."""


@dataclass(frozen=True)
class Uncharged:
    """What a job held outside of all intervals."""

    spent: list[Expend]
    """What lines pay of it."""
    own_ms: Mapping[str, int]
    """Accelerators × milliseconds by kind that no line pays, since the job's workers could only be on own machines."""


@dataclass(frozen=True)
class _Piece:
    """A time in which the same was held and declared throughout, and what pays it."""

    times: Times
    institution: str | None
    kind: str
    payer: Source | None
    quantity_ms: int
    own: bool


def uncharged(
    books: Books,
    held: Sequence[Held],
    until_ms: int,
    job: TrainingJob | None,
    kinds: Mapping[str, str],
) -> Uncharged:
    """Return what a job held until a moment that was never set aside, and that nothing was spent on.

    Parameters
    ----------
    books
        The books.
    held
        All that the job held.
    until_ms
        When the interval begins that is set aside for it, or now where there is none.
    job
        The job; null where it is gone, and with it which line it names and which nodes it selects.
    kinds
        Which accelerator a resource of the cluster is.
    """
    drawn = [each for each in held if not each.own_machines]
    uid = drawn[0].context.job_uid if drawn else ""
    free = _free(drawn, paid_times(books, uid) if drawn else [], until_ms)
    if not free:
        return Uncharged([], {})
    begun_ms = free[0][0]
    past, left = Past(books, begun_ms, until_ms), _Left(books)
    pieces = [
        _piece(past, within(drawn, *times), times, until_ms, job, kinds, left)
        for start_ms, end_ms in free
        for alike in _split(start_ms, end_ms, past.changes())
        for times in _split(*alike, _turns(within(drawn, *alike)))
    ]
    own_ms: dict[str, int] = {}
    for piece in (each for each in pieces if each.own):
        own_ms[piece.kind] = own_ms.get(piece.kind, 0) + piece.quantity_ms
    return Uncharged([_expend(piece, piece.payer, uid) for piece in _joined(pieces) if piece.payer is not None], own_ms)


class _Left:
    """What is left of lines, as far as it has been asked for."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._known: dict[str, int] = {}
        self._units: dict[str, tuple[str, str | None] | None] = {}

    def __getitem__(self, line: str) -> int:
        if line not in self._known:
            self._known |= self._books.remaining([line])
        return self._known[line]

    def takes(self, payer: Source) -> bool:
        """Tell whether a line can be drawn on: it has a price, and by the books it is still there, in that unit."""
        if payer.line.unpriced:
            return False
        if payer.line.name not in self._units:
            self._units[payer.line.name] = self._books.unit_of(payer.line.name)
        return self._units[payer.line.name] == (payer.unit, payer.line.currency)

    def take(self, line: str, amount: int) -> None:
        """Take an amount off a line."""
        self._known[line] = self[line] - amount


def paid_times(books: Books, job_uid: str) -> list[Times]:
    """Return the times that intervals of a job took, those that were refunded too, in order and joined."""
    found = [one.entry for one in books.entries(about=job_uid, type_=Expend.type)]
    return _merged((entry.from_ms, entry.to_ms) for entry in found if isinstance(entry, Expend))


def _free(drawn: Sequence[Held], paid: Sequence[Times], until_ms: int) -> list[Times]:
    """Return the times in which something was held that nothing was paid for, in order."""
    found: list[Times] = []
    reached_ms = 0
    for each in sorted(drawn, key=lambda one: one.from_ms):
        start_ms = max(reached_ms, each.from_ms)
        end_ms = until_ms if each.to_ms is None else min(until_ms, each.to_ms)
        for from_ms, to_ms in paid:
            if start_ms < min(from_ms, end_ms):
                found.append((start_ms, min(from_ms, end_ms)))
            start_ms = max(start_ms, to_ms)
        if start_ms < end_ms:
            found.append((start_ms, end_ms))
        reached_ms = max(reached_ms, end_ms)
    return _merged(found)


def _merged(times: Iterable[Times]) -> list[Times]:
    """Return times in order with those joined that touch or overlap."""
    joined: list[Times] = []
    for from_ms, to_ms in sorted(times):
        if joined and from_ms <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], to_ms)
        else:
            joined.append((from_ms, to_ms))
    return joined


def _turns(held: Sequence[Held]) -> set[int]:
    """Return when other workers held something, where these are not all of one kind, of one institution's books."""
    if len({(each.resource, each.context, each.own_machines) for each in held}) <= 1:
        return set()
    return {at_ms for each in held for at_ms in (each.from_ms, each.to_ms) if at_ms is not None}


def _split(start_ms: int, end_ms: int, changes: set[int]) -> list[Times]:
    bounds = sorted({start_ms, end_ms, *(at_ms for at_ms in changes if start_ms < at_ms < end_ms)})
    return list(pairwise(bounds))


def _piece(
    past: Past,
    held: Sequence[Held],
    times: Times,
    until_ms: int,
    job: TrainingJob | None,
    kinds: Mapping[str, str],
    left: _Left,
) -> _Piece:
    """Return a piece with the line that would have paid it, as declared in the end of the second that it begins in."""
    told_ms = min(times[0] - times[0] % SECOND_MS + SECOND_MS, until_ms) - 1
    then, first = past.at(told_ms), held[0]
    institution, quantity = first.context.institution, quantity_ms(held, *times)
    named = None if job is None else job.spec.accounting.investment
    demand = Demand(
        accelerators=first.accelerators,
        kind=kinds.get(first.resource, first.resource),
        named=None if named is None else f"{named.name}/{named.line}",
    )
    owner = then.institutions_by_id.get(institution or "")
    if first.own_machines is None and job is not None and runs_on_own_machines(job, owner, demand.kind, told_ms):
        return _Piece(times, institution, demand.kind, None, quantity, own=True)
    payers = [each for each in sources(then, first.context, demand, told_ms, {}) if left.takes(each)]
    ordered = draw_order([payer.line for payer in payers], demand, told_ms)
    line = _paying(ordered, quantity, left)
    if line is not None:
        left.take(line.name, line.cost(quantity))
    payer = next((each for each in payers if line is not None and each.line.name == line.name), None)
    return _Piece(times, institution, demand.kind, payer, quantity, own=False)


def _paying(ordered: Sequence[FundingLine], quantity_ms: int, left: _Left) -> FundingLine | None:
    """Return the first line that has enough left, or the first that jobs may overdraw, or else the first."""
    enough = (line for line in ordered if left[line.name] >= line.cost(quantity_ms))
    lenient = (line for line in ordered if not line.suspends)
    return next(enough, None) or next(lenient, None) or next(iter(ordered), None)


def _joined(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Return pieces with those joined that follow one another and that are paid alike."""
    found: list[_Piece] = []
    for piece in pieces:
        before = found[-1] if found else None
        if before is None or before.times[1] != piece.times[0] or _paid_how(before) != _paid_how(piece):
            found.append(piece)
        else:
            times = before.times[0], piece.times[1]
            found[-1] = replace(before, times=times, quantity_ms=before.quantity_ms + piece.quantity_ms)
    return found


def _paid_how(piece: _Piece) -> tuple[object, ...]:
    payer = piece.payer
    return piece.institution, payer and payer.line.name, payer and payer.rate


def _expend(piece: _Piece, payer: Source, job_uid: str) -> Expend:
    return Expend(
        institution=piece.institution,
        line=payer.line.name,
        job_uid=job_uid,
        unit=payer.unit,
        currency=payer.line.currency,
        amount=payer.line.cost(piece.quantity_ms),
        quantity=piece.quantity_ms,
        rate=payer.rate,
        from_ms=piece.times[0],
        to_ms=piece.times[1],
    )
