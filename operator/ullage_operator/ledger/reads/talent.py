"""Talent: what moved within a period, and what each account holds. The sum over all accounts is zero."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ullage_operator.ledger.entries import Transfer, institution_of
from ullage_operator.ledger.selection import Posted
from ullage_operator.ledger.usage import touches

from .periods import Period
from .spans import Told


@dataclass(frozen=True, kw_only=True)
class TransferRow:
    """A transfer, and what of it lies within a period."""

    operation: str
    """What is done."""
    reference: str
    """Which transfer of the operation."""
    subject: str
    """What states it."""
    from_account: str
    """Whom it is taken from."""
    from_role: str
    """In which role."""
    to_account: str
    """Whom it is given to."""
    to_role: str
    """In which role."""
    from_ms: int
    """Since when at all."""
    to_ms: int | None
    """Until when at all; null is open."""
    headcount_thousandths: int
    """Thousandths of a person, if it starts within the period, else 0."""
    seconds: int
    """Seconds of work within the period."""


@dataclass(frozen=True, kw_only=True)
class BalanceRow:
    """What an account has in a role by one operation."""

    account: str
    """``institution:`` and its id, or a boundary."""
    role: str
    """The role."""
    operation: str
    """By which operation: hours by education are no supply."""
    headcount_thousandths: int
    """Thousandths of a person at the end of the period; negative of a boundary that gave."""
    seconds: int
    """Seconds of work within the period; negative where more was given than received."""


@dataclass(frozen=True, kw_only=True)
class WorkRow:
    """Work of people for jobs, as these declare it: A of talent."""

    scope: str
    """The cluster whose jobs they were."""
    institution: str
    """Whose people."""
    role: str
    """Their role."""
    seconds: int
    """Seconds of work within the period."""
    late: bool = False
    """Whether late facts of closed periods count in it: it may then be negative."""


def of_work(found: Iterable[Posted[Transfer]], from_ms: int, to_ms: int) -> Iterator[tuple[Hashable, WorkRow]]:
    """Yield the work of each entry within a time, by which it is."""
    for one in found:
        entry, period = one.entry, Period(from_ms, to_ms)
        institution, end_ms = institution_of(entry.from_account), entry.to_ms or entry.from_ms
        if institution is not None and touches(entry.from_ms, end_ms, from_ms, to_ms):
            seconds = period.share(entry.seconds, entry.from_ms, end_ms)
            yield entry.id, WorkRow(scope=one.cluster, institution=institution, role=entry.from_role, seconds=seconds)


def work(found: Iterable[Told[Hashable, WorkRow]]) -> list[WorkRow]:
    """Sum work by cluster, institution and role."""
    sums: dict[tuple[str, str, str], WorkRow] = {}
    for each in found:
        row = replace(each.row, late=each.late)
        place = row.scope, row.institution, row.role
        before = sums.get(place)
        if before is not None:
            row = replace(row, seconds=before.seconds + row.seconds, late=before.late or row.late)
        sums[place] = row
    return [row for _, row in sorted(sums.items())]


def less(row: WorkRow) -> WorkRow:
    """Return what takes back what was told of an entry."""
    return replace(row, seconds=-row.seconds)


def transfers(found: Sequence[Posted[Transfer]], period: Period) -> list[TransferRow]:
    """Return the transfers that move anything within a period, in the order of their starts."""
    rows = []
    for entry in sorted((one.entry for one in found), key=lambda entry: (entry.from_ms, entry.key)):
        headcount = entry.headcount_thousandths if period.holds(entry.from_ms) else 0
        seconds = period.share(entry.seconds, entry.from_ms, entry.to_ms)
        if headcount or seconds:
            rows.append(
                TransferRow(
                    operation=entry.operation,
                    reference=entry.reference,
                    subject=entry.subject,
                    from_account=entry.from_account,
                    from_role=entry.from_role,
                    to_account=entry.to_account,
                    to_role=entry.to_role,
                    from_ms=entry.from_ms,
                    to_ms=entry.to_ms,
                    headcount_thousandths=headcount,
                    seconds=seconds,
                )
            )
    return rows


def balances(found: Sequence[Posted[Transfer]], period: Period) -> list[BalanceRow]:
    """Return what each account has in each role: headcount at the period's end, seconds within the period."""
    sums: dict[tuple[str, str, str], tuple[int, int]] = {}
    for entry in (one.entry for one in found):
        headcount = entry.headcount_thousandths if entry.from_ms < period.to_ms else 0
        seconds = period.share(entry.seconds, entry.from_ms, entry.to_ms)
        if not headcount and not seconds:
            continue
        for sign, account, role in (
            (-1, entry.from_account, entry.from_role),
            (1, entry.to_account, entry.to_role),
        ):
            held = sums.get((account, role, entry.operation), (0, 0))
            sums[account, role, entry.operation] = held[0] + sign * headcount, held[1] + sign * seconds
    return [
        BalanceRow(account=account, role=role, operation=operation, headcount_thousandths=headcount, seconds=seconds)
        for (account, role, operation), (headcount, seconds) in sorted(sums.items())
    ]
