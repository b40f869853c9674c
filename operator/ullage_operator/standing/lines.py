"""What is written to the status of an Investment: what has become of each line. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final

from ullage_operator.api.types import (
    Channel,
    Investment,
    InvestmentPhase,
    InvestmentStatus,
    Line,
    LineStatus,
    Unit,
    WhenExhausted,
)
from ullage_operator.api.types.units import exactly
from ullage_operator.ledger import LineRow
from ullage_operator.plan.instants import rfc3339

from .entries import IN_KIND_UNITS
from .terms import day_ms, delivery_of, hours_per_unit, term_of

_MICROS: Final = 1_000_000
DRAWN: Final = (Channel.MONEY, Channel.IN_KIND)
"""Channels whose lines are drawn on."""


def line_name(investment: Investment, line: Line) -> str:
    """Return what the books call a line."""
    return f"{investment.metadata.name}/{line.id}"


def scale_of(investment: Investment, line: Line) -> Fraction:
    """Return how many of the books' units one unit of a line is."""
    if line.channel is Channel.MONEY:
        return Fraction(_MICROS)
    counted = Unit.HOURS.value if line.unit == Unit.FTE else line.unit
    return IN_KIND_UNITS[counted][1] * hours_per_unit(investment, line)


def investment_status(
    before: InvestmentStatus, investment: Investment, rows: Iterable[LineRow], now_ms: int
) -> InvestmentStatus:
    """Return the status with phase and figures; its conditions stay.

    Parameters
    ----------
    before
        What the status was.
    investment
        The investment.
    rows
        What happened to lines from the beginning until now.
    now_ms
        When that is, in milliseconds since 1970.
    """
    found = {row.line: row for row in rows}
    phase = _phase(investment, found, now_ms)
    return before.model_copy(
        update={
            "phase": phase,
            "message": _message(investment, phase),
            "spent_text": _spent(investment, found),
            "lines": [_line(investment, line, found, now_ms) for line in investment.spec.lines],
            "as_of": rfc3339(now_ms),
        }
    )


def thresholds(investment: Investment, before: InvestmentStatus, now: InvestmentStatus) -> list[str]:
    """Return a sentence for each line whose spending has passed a share of ``warnAt`` between two statuses.

    The status is what an operator that starts again still knows: nothing that is passed meanwhile goes untold.
    """
    earlier = {line.id: _told_share(line) for line in before.lines}
    passed: list[str] = []
    for line in now.lines:
        share, old = _told_share(line), earlier.get(line.id, 0.0)
        crossed = [at for at in investment.spec.warn_at if old < at <= share]
        if crossed:
            told = f"{100 * share:.0f}% of what is released is spent, which is {100 * max(crossed):g}% or more"
            passed.append(f"{investment.metadata.name}/{line.id}: {told}")
    return passed


def _told_share(line: LineStatus) -> float:
    return (line.expended or 0.0) / line.released if line.released else 0.0


def _share(row: LineRow) -> Fraction:
    return Fraction(row.expended - row.reversed, row.released) if row.released > 0 else Fraction(0)


def _drawn(investment: Investment, rows: Mapping[str, LineRow]) -> list[LineRow]:
    names = [line_name(investment, line) for line in investment.spec.lines if line.channel in DRAWN]
    return [rows[name] for name in names if name in rows]


def _is_proposal(investment: Investment, now_ms: int) -> bool:
    approval = investment.spec.approval
    return approval is None or now_ms < day_ms(approval.date)


def _phase(investment: Investment, rows: Mapping[str, LineRow], now_ms: int) -> InvestmentPhase:
    drawn = _drawn(investment, rows)
    if _is_proposal(investment, now_ms):
        return InvestmentPhase.PROPOSED
    if now_ms < day_ms(investment.spec.start):
        return InvestmentPhase.PENDING
    if now_ms >= day_ms(investment.spec.end):
        return InvestmentPhase.ENDED
    if any(row.expended for row in drawn) and all(row.remaining <= 0 for row in drawn if row.released):
        return InvestmentPhase.EXHAUSTED
    return InvestmentPhase.ACTIVE


def _message(investment: Investment, phase: InvestmentPhase) -> str:
    becomes = "jobs wait" if investment.spec.when_exhausted is WhenExhausted.SUSPEND else "jobs go on and overdraw it"
    approval = investment.spec.approval
    waits = "an approval" if approval is None else f"its approval on {approval.date}"
    return {
        InvestmentPhase.PROPOSED: f"waits for {waits}; nothing of it is awarded",
        InvestmentPhase.PENDING: f"begins on {investment.spec.start}",
        InvestmentPhase.ACTIVE: f"ends on {investment.spec.end}",
        InvestmentPhase.EXHAUSTED: f"all that is released is spent: {becomes}",
        InvestmentPhase.ENDED: f"ended on {investment.spec.end}",
    }[phase]


def _spent(investment: Investment, rows: Mapping[str, LineRow]) -> str:
    shares = [_share(row) for row in _drawn(investment, rows) if row.released > 0]
    return f"{float(100 * max(shares)):.0f}%" if shares else ""


def _line(investment: Investment, line: Line, rows: Mapping[str, LineRow], now_ms: int) -> LineStatus:
    row = rows.get(line_name(investment, line))
    if row is None or _is_proposal(investment, now_ms):
        return LineStatus(id=line.id, unit=line.unit)
    scale = scale_of(investment, line)
    if line.channel not in DRAWN:
        released = exactly(line.amount) * _delivered(investment, line, now_ms)
        return LineStatus(id=line.id, unit=line.unit, awarded=float(row.awarded / scale), released=float(released))
    spent = row.expended - row.reversed
    return LineStatus(
        id=line.id,
        unit=line.unit,
        awarded=float(row.awarded / scale),
        released=float(row.released / scale),
        reserved=float(max(row.reserved, 0) / scale),
        expended=float(max(spent, 0) / scale),
        reversed=float(row.reversed / scale),
        remaining=float(row.remaining / scale),
        forecast=_forecast(investment, Fraction(max(spent, 0)) / scale, now_ms),
    )


def _delivered(investment: Investment, line: Line, now_ms: int) -> Fraction:
    """Return the share of people's hours that is delivered, or moved, by now."""
    term = delivery_of(investment, line)
    until = None if term is None else term.until(now_ms)
    return Fraction(until.milliseconds, term.milliseconds) if term and until else Fraction(0)


def _forecast(investment: Investment, spent: Fraction, now_ms: int) -> float | None:
    """Return what will be spent at the end of the term at the mean rate since it gives."""
    term = term_of(investment)
    if term is None or now_ms <= term.start_ms:
        return None
    return float(spent * max(Fraction(1), Fraction(term.milliseconds, now_ms - term.start_ms)))
