"""The gap of a period: each institution's, sums over groups, what it would cost, and the trend by month."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from .figures import Figure, total
from .flow import Pot, absorbed
from .inputs import Inputs, Institution
from .measures import asset_amount, held_by, rows
from .money import Money, Need, money
from .periods import Period, months
from .row import Row, bottleneck
from .subjects import Resource, Subject, fte
from .talent import Account, hours_moved
from .usage import NotHeld, Usage, data_usage, not_held, usage, usage_by, within


@dataclass(frozen=True)
class GroupRow:
    """One thing over several institutions. Gaps are clipped before they are summed; a surplus is never netted."""

    subject: Subject
    members: tuple[str, ...]
    """The institutions that have a row of it; none where only those used it that are not declared."""
    required: Figure | None
    """Σ R; None of data, which several may need at the same time."""
    supply: Figure
    """Σ S; of data, each asset once. Pools are not in it."""
    pooled: Figure
    """Granted in kind to several of these institutions as one pool."""
    gap: Figure | None
    """Σ max(R - S, 0), pools not counted; None of data, whose gaps are not summed."""
    gap_after_pools: Fraction | None
    """What is left of it where pools are shared out as well as they can be."""
    surplus: Figure | None
    """Σ max(S - R, 0)."""
    usage: Usage
    """A and U; over all institutions, those that are not declared too."""
    own_allocated: Figure | None
    """None where it is unknown for one of them."""
    unknown: tuple[str, ...]
    """Institutions with a row but no known need: they are in no sum of R, gap and surplus."""

    @property
    def met(self) -> Figure | None:
        """The share of the need that is met where it arises: 1 - gap / R."""
        share = None if self.gap is None or self.required is None else self.gap.over(self.required)
        return None if share is None else Figure(Fraction(1)) - share


@dataclass(frozen=True)
class CourseHours:
    """Education delivered to one institution: reported, never counted as supply."""

    institution: str
    learner_hours: Fraction
    completers: int
    """Who complete, whether in this period or later."""
    completes_ms: int


@dataclass(frozen=True)
class GapReport:
    """All measures of a period."""

    period: Period
    institutions: tuple[Institution, ...]
    rows: tuple[Row, ...]
    totals: tuple[GroupRow, ...]
    """Over all institutions, thing by thing."""
    bottlenecks: dict[str, Row]
    """By institution, the row with the least coverage; not there where none is known."""
    money: dict[tuple[str, str], Money]
    """By institution and currency."""
    money_totals: dict[str, Money]
    """By currency, pools counted."""
    moved: dict[Account, Fraction]
    """Hours that reached each account of people, boundaries such as ``abroad:DE`` too; they sum to zero."""
    courses: tuple[CourseHours, ...]
    not_held: tuple[NotHeld, ...]
    unattributed: dict[Subject, Usage]
    """Use by jobs of no institution: in no row and no total."""
    undeclared: dict[tuple[str, Subject], Usage]
    """Use by jobs of institutions that are not declared, by their names: in no row, and in the totals of use."""

    def row(self, institution: str, subject: Subject) -> Row:
        """Return one row.

        Raises
        ------
        KeyError
            There is none.
        """
        for row in self.rows:
            if (row.institution, row.subject) == (institution, subject):
                return row
        raise KeyError(f"{institution} has no row of {subject}")

    def total(self, subject: Subject) -> GroupRow:
        """Return the sum over all institutions of one thing.

        Raises
        ------
        KeyError
            There is none.
        """
        for row in self.totals:
            if row.subject == subject:
                return row
        raise KeyError(f"no institution has a row of {subject}")

    def gap_fte(self, institution: str, subject: Subject) -> Fraction | None:
        """Return a gap of hours of people as full-time equivalents."""
        gap = self.row(institution, subject).gap
        return None if gap is None else fte(gap.value, self.period)


def gap_report(inputs: Inputs, period: Period) -> GapReport:
    """Measure a period.

    Raises
    ------
    ValueError
        Something names an institution that is not there, or an allocation straddles the period's bounds.
    """
    found = rows(inputs, period)
    currencies = sorted({price.currency for price in inputs.prices} | {award.currency for award in inputs.awards})
    by_institution = {each.id: [row for row in found if row.institution == each.id] for each in inputs.institutions}
    everyone = frozenset(by_institution)
    worst = {name: row for name, own in by_institution.items() if (row := bottleneck(own))}
    uses = usage_by(inputs.allocations, "institution", period)
    undeclared = _undeclared(inputs, everyone, period)
    return GapReport(
        period=period,
        institutions=inputs.institutions,
        rows=found,
        totals=_group_rows(inputs, found, everyone, period, undeclared),
        bottlenecks=worst,
        money={
            (name, currency): _money(inputs, own, frozenset({name}), period, currency)
            for name, own in by_institution.items()
            for currency in currencies
        },
        money_totals={currency: _money(inputs, found, everyone, period, currency) for currency in currencies},
        moved=hours_moved(inputs.transfers, period),
        courses=tuple(
            CourseHours(each.institution, each.learner_hours(period), each.completers, each.completes_ms)
            for each in inputs.courses
            if period.common(each.term)
        ),
        not_held=not_held(
            (cluster for cluster in inputs.clusters if cluster.period == period),
            within(inputs.allocations, period),
        ),
        unattributed={subject: use for (name, subject), use in uses.items() if name is None},
        undeclared=undeclared,
    )


def trend(inputs: Inputs, period: Period) -> list[GapReport]:
    """Measure each calendar month of a period. Allocations must be summed by month."""
    return [gap_report(inputs, month) for month in months(period)]


def grouped(inputs: Inputs, report: GapReport, key: Callable[[Institution], str]) -> Mapping[str, tuple[GroupRow, ...]]:
    """Return sums over the institutions that have the same key, such as country or kind."""
    members: dict[str, set[str]] = {}
    for institution in report.institutions:
        members.setdefault(key(institution), set()).add(institution.id)
    return {name: _group_rows(inputs, report.rows, frozenset(members[name]), report.period) for name in sorted(members)}


def money_of(inputs: Inputs, report: GapReport, institutions: frozenset[str], currency: str) -> Money:
    """Return what it costs to close the gaps of some institutions, pools counted that are theirs alone."""
    found = [row for row in report.rows if row.institution in institutions]
    return _money(inputs, found, institutions, report.period, currency)


def _undeclared(inputs: Inputs, everyone: frozenset[str], period: Period) -> dict[tuple[str, Subject], Usage]:
    """Return what jobs used in the name of institutions that are not declared."""
    found = [(each.institution, each.subject) for each in within(inputs.allocations, period)]
    found += [(use.institution, use.subject) for use in inputs.data_uses if period.encloses(use.period)]
    names = sorted({(name, subject) for name, subject in found if name is not None and name not in everyone})
    return {(name, subject): _usage(inputs, subject, (name,), period) for name, subject in names}


def _group_rows(
    inputs: Inputs,
    found: Iterable[Row],
    institutions: frozenset[str],
    period: Period,
    others: Iterable[tuple[str, Subject]] = (),
) -> tuple[GroupRow, ...]:
    """Sum the rows of some institutions, and the use of others that have no row, thing by thing."""
    by_subject: dict[Subject, list[Row]] = {}
    users: dict[Subject, list[str]] = {}
    for row in found:
        if row.institution in institutions:
            by_subject.setdefault(row.subject, []).append(row)
            users.setdefault(row.subject, []).append(row.institution)
    for name, subject in others:
        users.setdefault(subject, []).append(name)
    return tuple(
        _group_row(
            inputs, by_subject.get(subject, []), institutions, period, _usage(inputs, subject, names, period), subject
        )
        for subject, names in sorted(users.items())
    )


def _group_row(
    inputs: Inputs, found: list[Row], institutions: frozenset[str], period: Period, use: Usage, subject: Subject
) -> GroupRow:
    members = tuple(row.institution for row in found)
    is_data = subject.resource is Resource.DATA
    required = [row.required for row in found if row.required is not None]
    gaps = [row.gap for row in found if row.gap is not None]
    surpluses = [row.surplus for row in found if row.surplus is not None]
    own = [row.own_allocated for row in found if row.own_allocated is not None]
    pools = [
        (grant.beneficiaries, grant.release.stock(period.end_ms) if is_data else grant.release.within(period))
        for grant in inputs.grants
        if grant.subject == subject and len(grant.beneficiaries) > 1 and grant.beneficiaries <= institutions
    ]
    return GroupRow(
        subject=subject,
        members=members,
        required=None if is_data or not required else total(required),
        supply=_data_supply(inputs, subject, members, period) if is_data else total(row.supply for row in found),
        pooled=total(amount for _, amount in pools),
        gap=None if is_data or not gaps else total(gaps),
        gap_after_pools=None if is_data or not gaps else _after_pools(found, pools),
        surplus=None if is_data or not surpluses else total(surpluses),
        usage=use,
        own_allocated=total(own) if own and len(own) == len(found) else None,
        unknown=tuple(row.institution for row in found if row.required is None),
    )


def _usage(inputs: Inputs, subject: Subject, members: Sequence[str], period: Period) -> Usage:
    if subject.resource is Resource.DATA:
        uses = [use for use in inputs.data_uses if use.subject == subject and use.institution in members]
        return data_usage(use for use in uses if period.encloses(use.period))
    allocations = [
        each for each in within(inputs.allocations, period) if each.subject == subject and each.institution in members
    ]
    return usage(allocations, books=inputs.books if subject.resource is Resource.COMPUTE else frozenset())


def _data_supply(inputs: Inputs, subject: Subject, members: tuple[str, ...], period: Period) -> Figure:
    assets = [each for each in inputs.assets if each.subject == subject and each.term.at_end_of(period)]
    granted = [
        grant.release.stock(period.end_ms)
        for grant in inputs.grants
        if grant.subject == subject and len(grant.beneficiaries) == 1 and grant.beneficiaries <= set(members)
    ]
    return total([*(asset_amount(each) for each in assets if any(held_by(each, m) for m in members)), *granted])


def _after_pools(found: list[Row], pools: list[tuple[frozenset[str], Figure]]) -> Fraction:
    needs = [(row.institution, row.gap.value) for row in found if row.gap is not None]
    pots = [
        Pot(amount.value, frozenset(index for index, (name, _) in enumerate(needs) if name in beneficiaries))
        for beneficiaries, amount in pools
    ]
    amounts = [gap for _, gap in needs]
    return sum(amounts, Fraction(0)) - absorbed(amounts, pots)


def _money(inputs: Inputs, found: Iterable[Row], institutions: frozenset[str], period: Period, currency: str) -> Money:
    """Price the gaps of rows: what nobody declared to need has no gap and costs nothing."""
    needs = [Need(row.institution, row.subject, row.gap) for row in found if row.needed]
    # A pool that others share can't be told apart: it counts in the sum over all of them.
    awards = [award for award in inputs.awards if award.beneficiaries <= institutions]
    return money(needs, inputs.prices, awards, period, currency)
