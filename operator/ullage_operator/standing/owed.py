"""What a job held before anything was set aside for it, as while the books refused: which line pays it, from when on.

A job never waits for the store: one that could not ask goes on, and what it held meanwhile is charged when the books
are back. Not what it held before a line was there for it: that was drawn on nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ullage_operator import gap
from ullage_operator.api.types import TrainingJob
from ullage_operator.ledger import Books
from ullage_operator.plan.budget import BudgetVerdict, Demand, Reservation, draw_order

from .funding import Source, sources
from .settle import SECOND_MS, charged_until
from .stand import declarations_of


@dataclass(frozen=True)
class Owed:
    """What a job held uncharged that a line pays."""

    from_ms: int
    """Since when, in milliseconds since 1970."""
    quantity_ms: int
    """Accelerators × milliseconds."""


def owed(books: Books, job: TrainingJob, demand: Demand, payers: Sequence[Source], until_ms: int) -> dict[str, Owed]:
    """Return by line what a job held until a moment that nothing is set aside for or spent on.

    To be asked of a job for which nothing is set aside.
    """
    uid, institution = job.metadata.uid or "", job.spec.accounting.institution
    if any(hold.context.institution != institution for hold in books.holds_of(uid)):
        return {}  # Its namespace has become another institution's since.
    begun_ms = books.held_since(uid, charged_until(books, uid), until_ms)
    if begun_ms is None:
        return {}
    found: dict[str, Owed] = {}
    for payer in (each for each in payers if not each.line.unpriced):
        from_ms = _payable_from(books, job, demand, payer, begun_ms, until_ms)
        quantity = books.drawn_ms(uid, from_ms, until_ms)
        if quantity:
            found[payer.line.name] = Owed(from_ms, quantity)
    return found


def less_owed(payers: Sequence[Source], owing: dict[str, Owed]) -> list[Source]:
    """Return the lines with what is left of them once they have paid what is owed."""
    taken = {
        payer.line.name: payer.line.cost(owing[payer.line.name].quantity_ms)
        for payer in payers
        if payer.line.name in owing
    }
    return [
        replace(each, line=replace(each.line, remaining=each.line.remaining - taken.get(each.line.name, 0)))
        for each in payers
    ]


def with_owed(
    verdict: BudgetVerdict, demand: Demand, payers: Sequence[Source], owing: dict[str, Owed], now_ms: int
) -> BudgetVerdict:
    """Return a verdict that sets aside what is owed too, by a job that may not go on as well: it is an overdraft."""
    reserve = verdict.reserve
    if reserve is None:
        name = next(
            (line.name for line in draw_order([p.line for p in payers], demand, now_ms) if line.name in owing), None
        )
        reserve = None if name is None else Reservation(name, now_ms, now_ms, 0)
    if reserve is None or reserve.line not in owing:
        return verdict
    due = owing[reserve.line]
    line = next(payer.line for payer in payers if payer.line.name == reserve.line)
    return replace(
        verdict, reserve=replace(reserve, from_ms=due.from_ms, amount=reserve.amount + line.cost(due.quantity_ms))
    )


def _payable_from(books: Books, job: TrainingJob, demand: Demand, payer: Source, begun_ms: int, until_ms: int) -> int:
    """Return since when, without a break, a line was one that pays for such a job; as declared in the second's end."""
    changes = {time for row in books.declarations(begun_ms, until_ms) for time in (row.from_ms, row.to_ms)}
    since_ms = until_ms
    for at_ms in sorted({begun_ms, payer.line.start_ms, *changes}, reverse=True):
        if not begun_ms <= at_ms < until_ms:
            continue
        told_ms = min(at_ms - at_ms % SECOND_MS + SECOND_MS, until_ms) - 1
        then = declarations_of(books, gap.Period(told_ms, told_ms + 1))
        lines = {each.line.name: each.line for each in sources(then, job, demand, told_ms, {})}
        paying = lines.get(payer.line.name)
        if paying is None or paying.unpriced or not paying.start_ms <= told_ms < paying.end_ms:
            break
        since_ms = at_ms
    return since_ms
