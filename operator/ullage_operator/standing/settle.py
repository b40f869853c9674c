"""Settling an interval of a job's draw on a line: what the books say it held, at the price of the interval's start.

What was settled is settled on what was known then. A worker may be told later to have ended before: containers' times
are in whole seconds, and a lost node's are estimated. So at the end of an attempt each interval is compared with the
books once more, and one that differs is corrected, by reversal and a next revision.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ullage_operator import gap
from ullage_operator.ledger import (
    Books,
    Entry,
    Expend,
    HoldOpened,
    Rate,
    ReservationRow,
    Reserve,
    Reversal,
    Unreserve,
)
from ullage_operator.plan.budget import MS_PER_HOUR

from .declare import AUTHOR
from .funding import rate_of
from .stand import declarations_of

SECOND_MS: Final = 1000
"""Times of pods are told in whole seconds."""


def settled(books: Books, held: ReservationRow, kinds: Mapping[str, str], now_ms: int) -> list[Entry]:
    """Return the entries that settle an interval: what was held in it is spent, and the reservation given back.

    What was held on the institution's own machines draws nothing.

    The price is the one of the interval's start, as it was declared then.
    """
    uid = held.job_uid or ""
    from_ms = _begun(books, held)
    quantity = books.drawn_ms(uid, from_ms, now_ms)
    resources = books.drawn_resources(uid, from_ms, now_ms)
    rate = None if held.currency is None else _rate(books, held, [kinds.get(name, name) for name in resources])
    facts = {
        "institution": held.institution,
        "line": held.line,
        "job_uid": uid,
        "unit": held.unit,
        "currency": held.currency,
    }
    entries: list[Entry] = []
    if quantity:
        times = {"from_ms": from_ms, "to_ms": now_ms}
        spent = {"amount": _cost(held, quantity, rate, now_ms), "quantity": quantity, "rate": rate}
        entries.append(Expend.model_validate(facts | times | spent))
    times = {"reserved_from_ms": held.from_ms, "at_ms": now_ms}
    entries.append(Unreserve.model_validate(facts | times | {"amount": held.amount}))
    return entries


def _begun(books: Books, held: ReservationRow) -> int:
    """Return when what an interval is charged for begins: with it, or before it with a hold that was told later."""
    uid = held.job_uid or ""
    reserved = max(one.sequence for one in books.entries(about=uid, type_=Reserve.type))
    holds = books.entries(about=uid, type_=HoldOpened.type)
    late = [one.entry.from_ms for one in holds if isinstance(one.entry, HoldOpened) and one.sequence > reserved]
    return min(held.from_ms, max(charged_until(books, uid), min(late, default=held.from_ms)))


def charged_until(books: Books, job_uid: str) -> int:
    """Return the end of what was spent for a job, that which was taken back too; 0 where nothing was."""
    found = books.entries(about=job_uid, type_=Expend.type)
    return max((one.entry.to_ms for one in found if isinstance(one.entry, Expend)), default=0)


def corrected(books: Books, job_uid: str, now_ms: int) -> list[Entry]:
    """Return the entries that correct what was spent in a job's earlier intervals; none where all is as the books say.

    Each keeps its price. Where it was settled without one, it is prorated.
    """
    entries: list[Entry] = []
    for spent in books.spendings(job_uid):
        quantity = books.drawn_ms(job_uid, spent.from_ms, spent.to_ms)
        if spent.quantity is None or quantity == spent.quantity:
            continue
        reason = f"its workers held {quantity} accelerator-milliseconds in it, not {spent.quantity}"
        entries.append(Reversal.of(spent, reason=reason, author=AUTHOR, at_ms=now_ms))
        # Of nothing too: a worker may be told to have begun in it yet.
        changes = {"amount": _amount(spent, quantity), "quantity": quantity, "revision": spent.revision + 1}
        entries.append(Expend.model_validate(spent.model_dump() | changes))
    return entries


def _amount(spent: Expend, quantity_ms: int) -> int:
    """Return what another quantity takes of the line that an interval was spent on, rounded up."""
    if spent.currency is None:
        return quantity_ms
    if spent.rate is not None:
        return _at(spent.rate, quantity_ms)
    return -(-spent.amount * quantity_ms // (spent.quantity or 1))


def _at(rate: Rate, quantity_ms: int) -> int:
    return -(-quantity_ms * rate.micros // MS_PER_HOUR)


def _cost(held: ReservationRow, quantity_ms: int, rate: Rate | None, now_ms: int) -> int:
    """Return what was held in the line's unit, rounded up."""
    if held.currency is None:
        return quantity_ms
    if rate is not None:
        return _at(rate, quantity_ms)
    # The price is no longer told, as where a resource is called another accelerator since: as it was reserved.
    return -(-held.amount * (now_ms - held.from_ms) // (held.to_ms - held.from_ms))


def _rate(books: Books, held: ReservationRow, kinds: list[str]) -> Rate | None:
    """Return the price of the first of the kinds of accelerators held that has one."""
    # The first interval counts from the second that had begun: its price may have been told later in that.
    for at_ms in (held.from_ms, held.from_ms + SECOND_MS - 1):
        then = declarations_of(books, gap.Period(at_ms, at_ms + 1))
        investment = then.investments_by_name.get(held.line.partition("/")[0])
        if investment is None:
            continue
        for kind in kinds:
            if (rate := rate_of(then, investment, kind, at_ms)) is not None:
                return rate
    return None
