"""Supply against need, institution by institution: what belongs to a period, counted as its resource is counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Final

from .figures import Figure, total, weakest
from .inputs import DataAsset, Grant, Inputs, Lacking, Requirement
from .periods import Period
from .row import Row
from .subjects import Resource, Subject, talent
from .talent import Account, hours_moved
from .usage import data_usage, on_own_machines, usage, within

NOTHING: Final = Figure(Fraction(0))


def rows(inputs: Inputs, period: Period) -> tuple[Row, ...]:
    """Return a row for each institution and each thing that it needs, has or used in a period, in order.

    Raises
    ------
    ValueError
        Something names an institution that is not there, or an allocation straddles the period's bounds.
    """
    _known_institutions(inputs)
    moved = hours_moved(inputs.transfers, period)
    builders = {Resource.COMPUTE: _compute_row, Resource.DATA: _data_row, Resource.TALENT: _talent_row}
    return tuple(
        builders[subject.resource](inputs, period, institution.id, subject)
        for institution in sorted(inputs.institutions, key=lambda each: each.id)
        for subject in sorted(set(_subjects(inputs, period, institution.id, moved)))
    )


def held_by(asset: DataAsset, institution: str) -> bool:
    """Tell whether an institution can use an asset, as its holder or because it is shared."""
    return institution == asset.holder or institution in asset.shared_with


def asset_amount(asset: DataAsset) -> Figure:
    """Return what an asset counts for: its amount × its unique share."""
    return Figure(asset.amount * asset.unique_share, asset.provenance)


def _in_force(need: Requirement, period: Period) -> bool:
    """Tell whether a requirement counts in a period: of data, at its end."""
    if need.subject.resource is Resource.DATA:
        return need.period.start_ms < period.end_ms <= need.period.end_ms
    return bool(period.common(need.period))


def _has_ended(need: Requirement, period: Period) -> bool:
    """Tell whether data was needed in a period and is not at its end: a stock is never prorated."""
    return bool(period.common(need.period)) and not _in_force(need, period)


def _subjects(inputs: Inputs, period: Period, institution: str, moved: dict[Account, Fraction]) -> Iterator[Subject]:
    alone = frozenset({institution})
    yield from (n.subject for n in inputs.requirements if n.institution == institution and _in_force(n, period))
    yield from (n.subject for n in inputs.requirements if n.institution == institution and _has_ended(n, period))
    yield from (c.subject for c in inputs.capacities if c.institution == institution and period.common(c.term))
    yield from (g.subject for g in inputs.grants if g.beneficiaries == alone and period.common(g.release.term))
    yield from (talent(s.role) for s in inputs.staff if s.institution == institution and period.common(s.term))
    yield from (talent(account.role) for account in moved if account.holder == institution)
    yield from (a.subject for a in inputs.assets if held_by(a, institution) and a.term.at_end_of(period))
    yield from (u.subject for u in inputs.data_uses if u.institution == institution and period.common(u.period))
    yield from (a.subject for a in inputs.allocations if a.institution == institution and period.common(a.period))


def _compute_row(inputs: Inputs, period: Period, institution: str, subject: Subject) -> Row:
    need = _required(inputs, period, institution, subject)
    missing = need.missing
    key = institution, subject
    allocations = [each for each in within(inputs.allocations, period) if (each.institution, each.subject) == key]
    machines = [
        each for each in inputs.capacities if (each.institution, each.subject) == key and period.common(each.term)
    ]
    own_allocated = on_own_machines(machines, allocations, books=inputs.books)
    if own_allocated is None:
        missing += ("A on own machines: no books tell what some of them were used for; import their usage",)
    found = usage(allocations, books=inputs.books)
    if found.allocated is None:
        missing += ("A and U: no books were read",)
    elif found.unmeasured is not None and found.unmeasured.value:
        missing += (f"U: not measured over {float(found.unmeasured.value):.6g} {subject.unit} of A",)
    return Row(
        institution,
        subject,
        need.required,
        needed=need.needed,
        lacks=need.lacks,
        own=total(machine.hours(period) for machine in machines),
        granted=total(grant.release.within(period) for grant in _grants(inputs, institution, subject)),
        moved=NOTHING,
        usage=found,
        own_allocated=own_allocated,
        missing=missing,
    )


def _data_row(inputs: Inputs, period: Period, institution: str, subject: Subject) -> Row:
    need = _required(inputs, period, institution, subject)
    missing = need.missing
    ended_ms = None if need.needed else _need_ended_ms(inputs, period, institution, subject)
    if ended_ms is not None:
        day = datetime.fromtimestamp(ended_ms // 1000, UTC).date()
        missing = (f"R: its need ended on {day}, before the period's end",)
    assets = [asset for asset in inputs.assets if asset.subject == subject and asset.term.at_end_of(period)]
    shared = [asset_amount(each) for each in assets if each.holder != institution and held_by(each, institution)]
    granted = [grant.release.stock(period.end_ms) for grant in _grants(inputs, institution, subject)]
    uses = [use for use in inputs.data_uses if (use.institution, use.subject) == (institution, subject)]
    return Row(
        institution,
        subject,
        need.required,
        needed=need.needed,
        lacks=need.lacks,
        own=total(asset_amount(asset) for asset in assets if asset.holder == institution),
        granted=total([*shared, *granted]),
        moved=NOTHING,
        usage=data_usage(use for use in uses if period.encloses(use.period)),
        missing=missing,
        need_ended_ms=ended_ms,
    )


def _talent_row(inputs: Inputs, period: Period, institution: str, subject: Subject) -> Row:
    need = _required(inputs, period, institution, subject)
    missing = need.missing
    key = institution, subject
    account = Account(institution, subject.type)
    moves = [each for each in inputs.transfers if account in (each.debit, each.credit)]
    moved = hours_moved(moves, period).get(account, Fraction(0))
    allocations = [each for each in within(inputs.allocations, period) if (each.institution, each.subject) == key]
    return Row(
        institution,
        subject,
        need.required,
        needed=need.needed,
        lacks=need.lacks,
        own=total(each.hours(period) for each in inputs.staff if (each.institution, talent(each.role)) == key),
        granted=total(grant.release.within(period) for grant in _grants(inputs, institution, subject)),
        moved=Figure(moved, weakest(each.provenance for each in moves)) if moves else NOTHING,
        usage=usage(allocations, books=frozenset()),
        missing=missing,
    )


def _grants(inputs: Inputs, institution: str, subject: Subject) -> list[Grant]:
    """Return the grants to one institution alone; a pool is nobody's own."""
    return [grant for grant in inputs.grants if grant.beneficiaries == {institution} and grant.subject == subject]


def _required(inputs: Inputs, period: Period, institution: str, subject: Subject) -> _Need:
    key = institution, subject
    needs = [
        need for need in inputs.requirements if (need.institution, need.subject) == key and _in_force(need, period)
    ]
    if not needs:
        return _Need(None, needed=False, missing=("R: no need declared",))
    amounts: list[Figure] = []
    for need in needs:
        if need.amount is None:
            why = "" if need.lacks is None else f": {need.lacks}"
            return _Need(None, needed=True, missing=(f"R: the amount of a need{why}",), lacks=need.lacks)
        stock = subject.resource is Resource.DATA
        share = Fraction(period.common(need.period), need.period.milliseconds)
        amounts.append(need.amount if stock else need.amount.times(share))
    return _Need(total(amounts), needed=True)


@dataclass(frozen=True)
class _Need:
    """R, whether a need is declared, and what is not known and why."""

    required: Figure | None
    needed: bool
    missing: tuple[str, ...] = ()
    lacks: Lacking | None = None


def _need_ended_ms(inputs: Inputs, period: Period, institution: str, subject: Subject) -> int | None:
    needs = [need for need in inputs.requirements if (need.institution, need.subject) == (institution, subject)]
    return max((need.period.end_ms for need in needs if _has_ended(need, period)), default=None)


def _known_institutions(inputs: Inputs) -> None:
    known = {institution.id for institution in inputs.institutions}
    named: dict[str, set[str | None]] = {
        "requirements": {need.institution for need in inputs.requirements},
        "capacities": {machines.institution for machines in inputs.capacities},
        "staff": {staff.institution for staff in inputs.staff},
        "courses": {course.institution for course in inputs.courses},
        "assets": {asset.holder for asset in inputs.assets},
    }
    problems = [
        f"{where}: expected institutions among {', '.join(sorted(known))}, found {name!r}"
        for where, names in named.items()
        for name in sorted(str(name) for name in names - known)
    ]
    if problems:
        raise ValueError("; ".join(problems))
