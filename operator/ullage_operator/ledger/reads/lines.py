"""Lines of investments: awarded, released, reserved, expended, reversed, remaining."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ullage_operator.ledger.corrections import counting
from ullage_operator.ledger.entries import Award, Entry, Expend, Grant, Rate, Reserve, SubjectEntry, Unreserve
from ullage_operator.ledger.selection import Posted

from .periods import Period, Timed, flows


@dataclass(frozen=True, kw_only=True)
class LineRow:
    """A line, and what happened to it within a period; amounts are in its unit."""

    line: str
    """``investment/line``."""
    institution: str
    """The beneficiary."""
    channel: str
    """By which means."""
    resource: str | None
    """What it is earmarked for; null is not earmarked."""
    resource_type: str | None
    """Which kind of it."""
    unit: str
    """``micros`` for money, else the resource's own."""
    currency: str | None
    """The currency of money."""
    from_ms: int
    """Since when it may be used."""
    to_ms: int | None
    """Until when; null is open."""
    awarded: int
    """All that was awarded, of whatever time."""
    released: int
    """What of it was released within the period."""
    reserved: int
    """What was set aside within the period and not given back; negative where more was given back."""
    expended: int
    """What was spent within the period, refunds included."""
    reversed: int
    """What of spendings, of this period or of closed ones, was taken back."""

    @property
    def remaining(self) -> int:
        """What can still be reserved: over a period that starts when the line does. Negative is an overdraft."""
        return self.released - self.reserved - self.expended + self.reversed


@dataclass(frozen=True, kw_only=True)
class ReservationRow:
    """What is set aside for an interval and neither given back nor reversed."""

    line: str
    """The line."""
    institution: str | None
    """In whose books."""
    job_uid: str | None
    """For which job."""
    purchase: str | None
    """For what, where it is not a job."""
    unit: str
    """The line's unit."""
    currency: str | None
    """The currency of money."""
    from_ms: int
    """Start of the interval."""
    to_ms: int
    """End of the interval."""
    amount: int
    """How much is still set aside."""
    rate: Rate | None
    """At what price; null in kind, and of what a version before 5 of the books set aside."""


def lines(found: Sequence[Posted[Entry]], period: Period) -> list[LineRow]:
    """Return the lines with an award that counts, by name.

    Parameters
    ----------
    found
        All entries of the lines: awards, grants, draws, and the reversals of these.
    """
    awards = [entry for entry in counting([one.entry for one in found]) if isinstance(entry, Award)]
    sums: dict[tuple[str, str, bool], int] = {}
    for flow in flows(found, {one.entry.id: timed for one in found if (timed := _timed(one.entry))}, period):
        place = flow.entry.line or "", flow.entry.type, flow.reversed
        sums[place] = sums.get(place, 0) + flow.amount

    def net(line: str, kind: type[SubjectEntry]) -> int:
        return sums.get((line, kind.type, False), 0) - sums.get((line, kind.type, True), 0)

    return [
        LineRow(
            line=award.line,
            institution=award.institution,
            channel=award.channel,
            resource=award.resource,
            resource_type=award.resource_type,
            unit=award.unit,
            currency=award.currency,
            from_ms=award.from_ms,
            to_ms=award.to_ms,
            awarded=award.amount,
            released=net(award.line, Grant),
            reserved=net(award.line, Reserve) - net(award.line, Unreserve),
            expended=sums.get((award.line, Expend.type, False), 0),
            reversed=sums.get((award.line, Expend.type, True), 0),
        )
        for award in sorted(awards, key=lambda one: one.line)
    ]


def reservations(found: Sequence[Posted[Entry]]) -> list[ReservationRow]:
    """Return what is set aside, by line and start; of entries as for :func:`lines`."""
    kept = counting([one.entry for one in found])
    back: dict[str, int] = {}
    for entry in kept:
        if isinstance(entry, Unreserve):
            back[entry.group] = back.get(entry.group, 0) + entry.amount
    # One of nothing, at a price of 0, is open until it is given back like any other.
    open_ones = [entry for entry in kept if isinstance(entry, Reserve) and entry.amount > back.get(entry.group, -1)]
    return [
        ReservationRow(
            line=entry.line,
            institution=entry.institution,
            job_uid=entry.job_uid,
            purchase=entry.purchase,
            unit=entry.unit,
            currency=entry.currency,
            from_ms=entry.from_ms,
            to_ms=entry.to_ms,
            amount=entry.amount - back.get(entry.group, 0),
            rate=entry.rate,
        )
        for entry in sorted(open_ones, key=lambda one: (one.line, one.from_ms, one.key))
    ]


def _timed(entry: Entry) -> tuple[SubjectEntry, Timed] | None:
    """Return how much of a line an entry moves, and when; None for one that moves nothing."""
    match entry:
        case Grant() | Expend():
            return entry, Timed(entry.amount, entry.from_ms, entry.to_ms)
        case Reserve():
            return entry, Timed(entry.amount, entry.from_ms)
        case Unreserve():
            return entry, Timed(entry.amount, entry.at_ms)
        case _:
            return None
