"""Budgets: which line of an investment pays for a job's next interval, and what if none does. Pure.

A job that holds accelerators draws on the lines that its institution was granted. Before each interval of accounting,
what it will take at most is reserved, the grace in which it can write a checkpoint included. So when a line is
exhausted the job still has what it needs to stop in good order: it overdraws by no more than the time that passes
between the end of its reservation and the end of its last worker.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from .instants import rfc3339

MS_PER_HOUR: Final = 3_600_000
LEAST_MS: Final = 60_000
"""For less than this a job is not started: it would checkpoint more than it trains."""


@dataclass(frozen=True)
class FundingLine:
    """A line that may be drawn on, as the books stand."""

    name: str
    """``investment/line``."""
    remaining: int
    """Released, and neither reserved nor expended: accelerator-milliseconds in kind, millionths of money."""
    start_ms: int
    end_ms: int
    suspends: bool
    """Whether jobs wait when it is exhausted, or only are warned of."""
    micros_per_hour: int | None = None
    """Of money, the price of an accelerator-hour in millionths of the currency; null in kind."""
    currency: str | None = None
    unpriced: bool = False
    """Money that can't be charged: the accelerator has no price in its currency."""

    def cost(self, accelerator_ms: int) -> int:
        """Return what so much use takes of the line, in its own unit, rounded up."""
        if self.micros_per_hour is None:
            return accelerator_ms
        return -(-accelerator_ms * self.micros_per_hour // MS_PER_HOUR)

    def affords_ms(self, accelerators: int) -> int:
        """Return how many milliseconds of so many accelerators are left in it."""
        if self.micros_per_hour is None:
            return self.remaining // accelerators
        if self.micros_per_hour == 0:
            return self.end_ms - self.start_ms
        return self.remaining * MS_PER_HOUR // (self.micros_per_hour * accelerators)


@dataclass(frozen=True)
class Demand:
    """What a job is about to hold."""

    accelerators: int
    kind: str
    """Which accelerator."""
    named: str | None = None
    """The line that the job names."""


@dataclass(frozen=True)
class Reservation:
    """What is set aside for an interval."""

    line: str
    from_ms: int
    until_ms: int
    """The interval's end, the grace included."""
    amount: int
    """In the line's unit."""


@dataclass(frozen=True)
class Terms:
    """How the operator accounts."""

    interval_ms: int
    """An interval of accounting."""
    grace_ms: int
    """What a job needs to write a checkpoint and end."""


@dataclass(frozen=True)
class BudgetVerdict:
    """Whether a job may hold accelerators for another interval."""

    allowed: bool
    reserve: Reservation | None = None
    """What is to be set aside now; null where nothing need be."""
    message: str = ""
    """Where it may not: what is lacking. Where it may: of what it is warned."""
    wake_at_ms: int | None = None
    """When to ask again."""


def draw_order(lines: Iterable[FundingLine], demand: Demand, now_ms: int) -> list[FundingLine]:
    """Return the lines that may pay now: the named one, in kind before money, earliest end, name."""
    open_now = (line for line in lines if line.start_ms <= now_ms < line.end_ms)

    def place(line: FundingLine) -> tuple[bool, bool, int, str]:
        return line.name != demand.named, line.micros_per_hour is not None, line.end_ms, line.name

    return sorted(open_now, key=place)


def admit(
    lines: Sequence[FundingLine], demand: Demand, held: Reservation | None, now_ms: int, terms: Terms
) -> BudgetVerdict:
    """Decide whether a job may go on, and what is to be reserved.

    Parameters
    ----------
    lines
        All lines that were granted to the job's institution for what it is about to hold. Without any it draws on
        nothing, and goes on: nobody said what it may take. Where all of them lack a price it can't be charged: it waits
        for one, unless one of them only warns.
    demand
        What it holds, or is about to.
    held
        What is set aside for it; null before it starts, and once that is settled.
    now_ms
        When, in milliseconds since 1970.
    terms
        How the operator accounts.
    """
    if not lines:
        return BudgetVerdict(allowed=True)
    if held is not None and now_ms < (at_ms := due_ms(lines, demand, held, now_ms, terms)):
        return BudgetVerdict(allowed=True, wake_at_ms=at_ms)
    if all(line.unpriced for line in lines):
        return _unpriced(lines, demand, now_ms, terms)
    lines = [line for line in lines if not line.unpriced]
    ordered = draw_order(lines, demand, now_ms)
    paying = next((line for line in ordered if _pays(line, lines, demand, now_ms, terms)), None)
    if paying is not None:
        reserve = _reservation(paying, demand, now_ms, now_ms + _most_ms(paying, demand, now_ms, terms))
        wake_ms = max(due_ms(lines, demand, reserve, now_ms, terms), now_ms)
        return BudgetVerdict(allowed=True, reserve=reserve, wake_at_ms=wake_ms)
    lenient = next((line for line in ordered if not line.suspends), None)
    lacking = _lacking(ordered, lines, demand, now_ms)
    if lenient is not None:
        # Not past its term either, unless that is too near to do anything until then.
        until = min(now_ms + terms.interval_ms + terms.grace_ms, max(lenient.end_ms, now_ms + _least_ms(terms)))
        reserve, wake_ms = _reservation(lenient, demand, now_ms, until), max(until - terms.grace_ms, now_ms)
        message = f"{lacking}; it goes on and overdraws {lenient.name}"
        return BudgetVerdict(allowed=True, reserve=reserve, message=message, wake_at_ms=wake_ms)
    opens = [line.start_ms for line in lines if line.start_ms > now_ms]
    return BudgetVerdict(allowed=False, message=lacking, wake_at_ms=min(opens, default=None))


def due_ms(lines: Sequence[FundingLine], demand: Demand, held: Reservation, now_ms: int, terms: Terms) -> int:
    """Return when a job has to ask again: a grace before what is set aside for it ends.

    Where the line's term ends with it and another line pays from then on, not before that: there is nothing to stop
    for, and what the next one has is known when it begins.
    """
    line = next((each for each in lines if each.name == held.line), None)
    ends = line is not None and held.until_ms == line.end_ms and _is_followed(line, lines, demand, now_ms, terms)
    return held.until_ms if ends else held.until_ms - terms.grace_ms


def _is_followed(line: FundingLine, lines: Sequence[FundingLine], demand: Demand, now_ms: int, terms: Terms) -> bool:
    """Tell whether another line pays when a line's term ends, as far as is known now."""
    return any(
        other.start_ms > now_ms or other.affords_ms(demand.accelerators) >= _least_ms(terms)
        for other in lines
        if other.name != line.name and not other.unpriced and other.start_ms <= line.end_ms < other.end_ms
    )


def _pays(line: FundingLine, lines: Sequence[FundingLine], demand: Demand, now_ms: int, terms: Terms) -> bool:
    """Tell whether a line pays for long enough, or up to the end of its term, from when another one does."""
    most = _most_ms(line, demand, now_ms, terms)
    ends = most == line.end_ms - now_ms and _is_followed(line, lines, demand, now_ms, terms)
    return ends or most >= _least_ms(terms)


def _unpriced(lines: Sequence[FundingLine], demand: Demand, now_ms: int, terms: Terms) -> BudgetVerdict:
    currencies = ", ".join(sorted({line.currency or "?" for line in lines}))
    names = ", ".join(sorted(line.name for line in lines))
    message = (
        f"expected a price of {demand.kind} in {currencies} to charge {names} by, found none; "
        f"add an entry for compute/{demand.kind} to the price list, or a line in kind"
    )
    if all(line.suspends for line in lines):
        return BudgetVerdict(allowed=False, message=message)
    return BudgetVerdict(
        allowed=True, message=f"{message}; it goes on uncharged", wake_at_ms=now_ms + terms.interval_ms
    )


def _least_ms(terms: Terms) -> int:
    return min(LEAST_MS, terms.interval_ms) + terms.grace_ms


def _most_ms(line: FundingLine, demand: Demand, now_ms: int, terms: Terms) -> int:
    """Return for how long a line pays, at most an interval and the grace."""
    return min(terms.interval_ms + terms.grace_ms, line.affords_ms(demand.accelerators), line.end_ms - now_ms)


def _reservation(line: FundingLine, demand: Demand, now_ms: int, until_ms: int) -> Reservation:
    return Reservation(line.name, now_ms, until_ms, line.cost(demand.accelerators * (until_ms - now_ms)))


def _lacking(ordered: Sequence[FundingLine], lines: Sequence[FundingLine], demand: Demand, now_ms: int) -> str:
    what = f"{demand.accelerators} {demand.kind}"
    if not ordered:
        names = ", ".join(sorted(line.name for line in lines))
        return f"expected a line for {what} that can be drawn on now, found none of {names}"
    left = ", ".join(f"{line.name} {_told(line, demand, now_ms)}" for line in ordered)
    return f"expected funds for {what}, found too little: {left}"


def _told(line: FundingLine, demand: Demand, now_ms: int) -> str:
    """Return what a line lacks: time, or what is left of it."""
    if line.affords_ms(demand.accelerators) >= line.end_ms - now_ms:
        return f"ends at {rfc3339(line.end_ms)}"
    return f"has {_amount(line)}"


def _amount(line: FundingLine) -> str:
    if line.micros_per_hour is None:
        return f"{max(line.remaining, 0) / MS_PER_HOUR:,.2f} accelerator-hours left"
    return f"{max(line.remaining, 0) / 1e6:,.2f} {line.currency} left"
