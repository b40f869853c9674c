"""The gap of a period: each institution's, sums over groups, what it would cost, and the trend by month."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from .groups import Group, GroupRow, group_rows, priced, usage_of
from .inputs import Inputs, Institution
from .measures import rows
from .money import Money
from .periods import Period, months
from .row import Row, bottleneck
from .subjects import Subject, fte
from .talent import Account, hours_moved
from .usage import NotHeld, Usage, not_held, usage_by, within


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
        totals=group_rows(inputs, found, everyone, period, undeclared),
        bottlenecks=worst,
        money={
            (name, currency): priced(inputs, own, frozenset({name}), period, currency)
            for name, own in by_institution.items()
            for currency in currencies
        },
        money_totals={currency: priced(inputs, found, everyone, period, currency) for currency in currencies},
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


def grouped(inputs: Inputs, report: GapReport, key: Callable[[Institution], str]) -> tuple[Group, ...]:
    """Return the institutions that have the same key, such as country or kind, group by group."""
    members: dict[str, set[str]] = {}
    for institution in report.institutions:
        members.setdefault(key(institution), set()).add(institution.id)
    return tuple(_group(inputs, report, name, frozenset(members[name])) for name in sorted(members))


def _undeclared(inputs: Inputs, everyone: frozenset[str], period: Period) -> dict[tuple[str, Subject], Usage]:
    """Return what jobs used in the name of institutions that are not declared."""
    found = [(each.institution, each.subject) for each in within(inputs.allocations, period)]
    found += [(use.institution, use.subject) for use in inputs.data_uses if period.encloses(use.period)]
    names = sorted({(name, subject) for name, subject in found if name is not None and name not in everyone})
    return {(name, subject): usage_of(inputs, subject, (name,), period) for name, subject in names}


def _group(inputs: Inputs, report: GapReport, name: str, members: frozenset[str]) -> Group:
    found = [row for row in report.rows if row.institution in members]
    return Group(
        name,
        members,
        totals=group_rows(inputs, found, members, report.period),
        money={currency: priced(inputs, found, members, report.period, currency) for currency in report.money_totals},
    )
