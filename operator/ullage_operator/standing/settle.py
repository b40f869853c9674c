"""Settling an interval of a job's draw on a line: what the books say it held, at the price of the interval's start.

What was settled is settled on what was known then. A worker may be told later to have ended before: containers' times
are in whole seconds, and a lost node's are estimated. So at the end of an attempt each interval is compared with the
books once more, and one that differs is corrected, by reversal and a next revision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ullage_operator import gap
from ullage_operator.ledger import Books, Entry, Expend, Rate, ReservationRow, Reversal, Unreserve
from ullage_operator.plan.budget import MS_PER_HOUR

from .declare import AUTHOR
from .funding import rate_of
from .held import Held, quantity_ms, resources, within
from .stand import declarations_of


@dataclass(frozen=True)
class Settled:
    """An interval that is over."""

    spent: Expend | None
    """What was held in it; null where that is nothing."""
    given_back: Unreserve
    """What was set aside for it."""

    @property
    def entries(self) -> list[Entry]:
        """Both."""
        return [self.given_back] if self.spent is None else [self.spent, self.given_back]

    @property
    def freed(self) -> int:
        """What is left on the line once it is settled, beside what is left without it."""
        return self.given_back.amount - (self.spent.amount if self.spent else 0)


def settled(
    books: Books, reserved: ReservationRow, held: Sequence[Held], kinds: Mapping[str, str], now_ms: int
) -> Settled:
    """Return what settles an interval: what was held in it is spent, and the reservation given back.

    What was held on the institution's own machines draws nothing. The interval ends now, or with the last worker: what
    is told later to have been held after that lies outside of it.

    The price is the one of the interval's start, as it was declared then, of the accelerators that were held; or where
    there is none, as of a resource that is called another accelerator since, the one that it was reserved at.
    """
    facts = {
        "institution": reserved.institution,
        "line": reserved.line,
        "job_uid": reserved.job_uid,
        "unit": reserved.unit,
        "currency": reserved.currency,
    }
    from_ms, spent = reserved.from_ms, None
    if quantity := quantity_ms(held, from_ms, now_ms):
        ends = [now_ms if each.to_ms is None else each.to_ms for each in within(held, from_ms, now_ms)]
        rate = None
        if reserved.currency is not None:
            found = [kinds.get(name, name) for name in resources(held, from_ms, now_ms)]
            rate = _rate(books, reserved, found) or reserved.rate
        spent = Expend.model_validate({
            **facts,
            "amount": _cost(reserved, quantity, rate, now_ms),
            "quantity": quantity,
            "rate": rate,
            "from_ms": from_ms,
            "to_ms": min(now_ms, max(ends)),
        })  # fmt: skip
    back = {"reserved_from_ms": from_ms, "at_ms": now_ms, "amount": reserved.amount}
    return Settled(spent, Unreserve.model_validate({**facts, **back}))


def corrected(spendings: Sequence[Expend], held: Sequence[Held], now_ms: int) -> list[Entry]:
    """Return the entries that correct what was spent in a job's earlier intervals; none where all is as the books say.

    Each keeps its price. Where it was settled without one, it is prorated.
    """
    entries: list[Entry] = []
    for spent in spendings:
        quantity = quantity_ms(held, spent.from_ms, spent.to_ms)
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


def _cost(reserved: ReservationRow, quantity_ms: int, rate: Rate | None, now_ms: int) -> int:
    """Return what was held in the line's unit, rounded up."""
    if reserved.currency is None:
        return quantity_ms
    if rate is not None:
        return _at(rate, quantity_ms)
    # A version that kept no rate reserved it, and the price is no longer told: by its time.
    return -(-reserved.amount * (now_ms - reserved.from_ms) // (reserved.to_ms - reserved.from_ms))


def _rate(books: Books, reserved: ReservationRow, kinds: Sequence[str]) -> Rate | None:
    """Return the price of the first of the kinds of accelerators held that had one at an interval's start."""
    then = declarations_of(books, gap.Period(reserved.from_ms, reserved.from_ms + 1))
    investment = then.investments_by_name.get(reserved.line.partition("/")[0])
    if investment is None:
        return None
    rates = (rate_of(then, investment, kind, reserved.from_ms) for kind in kinds)
    return next((rate for rate in rates if rate is not None), None)
