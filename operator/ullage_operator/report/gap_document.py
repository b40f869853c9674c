"""From a measured gap to its document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final

from ullage_operator import gap
from ullage_operator.gap import Figure as GapFigure
from ullage_operator.gap import GapReport, GroupRow, Provenance, Resource, Row, Subject, fte
from ullage_operator.gap import Period as GapPeriod

from .gap_parts import (
    Bottleneck,
    Course,
    FamilyUse,
    GapDocument,
    GapLine,
    Group,
    GroupLine,
    Institution,
    Month,
    Moved,
    Rest,
    Unattributed,
    Undeclared,
    Unknown,
    Use,
)
from .money_document import money_lines
from .parts import (
    DECLARED,
    FTE,
    GRANTED,
    HOURS,
    RATIO,
    SUPPLIED,
    About,
    Basis,
    Lacking,
    Period,
    Quantity,
    Scope,
    Thing,
    books_scope,
    instant,
    known,
    plain,
    quantity,
)
from .spread_document import spreads

Groups = Mapping[str, Mapping[str, Sequence[GroupRow]]]
"""By ``country`` or ``kind``: what :func:`ullage_operator.gap.grouped` returned."""

NO_GROUPS: Final[Groups] = {}

Families = Mapping[tuple[str | None, Subject], gap.Usage]
"""What :func:`ullage_operator.gap.usage_by` returned by ``model_family``."""

NO_FAMILIES: Final[Families] = {}


def gap_document(
    report: GapReport,
    about: About,
    *,
    trend: Sequence[GapReport] = (),
    groups: Groups = NO_GROUPS,
    families: Families = NO_FAMILIES,
) -> GapDocument:
    """Return the document of a period.

    Parameters
    ----------
    report
        The period's gap.
    about
        As of when, and from whose books.
    trend
        Its months, as :func:`ullage_operator.gap.trend` returns them.
    groups
        Sums over countries and kinds.
    families
        Use by family of models.
    """
    everyone = {each.id: each for each in report.institutions}
    return GapDocument(
        period=Period.of(report.period),
        as_of=instant(about.as_of_ms),
        books=tuple(sorted(about.books)),
        institutions=tuple(
            Institution(id=name, name=about.names.get(name, name), country=each.country, kind=each.kind)
            for name, each in sorted(everyone.items())
        ),
        lines=tuple(_line(row, about, report.period) for row in report.rows),
        totals=_totals(report.totals, about, report.period),
        groups=tuple(
            Group(by=by, name=name, totals=_totals(rows, about, report.period))
            for by, named in sorted(groups.items())
            for name, rows in sorted(named.items())
        ),
        bottlenecks=tuple(
            Bottleneck(institution=name, thing=Thing.of(row.subject), coverage=known(row.coverage, RATIO, SUPPLIED))
            for name, row in sorted(report.bottlenecks.items())
            if row.coverage is not None
        ),
        money=money_lines(report, each_institution=True),
        money_totals=money_lines(report, each_institution=False),
        spreads=spreads(report),
        moved=tuple(_moved(report)),
        courses=tuple(_courses(report)),
        rests=tuple(map(_rest, report.not_held)),
        unattributed=tuple(
            Unattributed(thing=Thing.of(subject), use=_use(use, subject, about))
            for subject, use in sorted(report.unattributed.items())
        ),
        undeclared=tuple(
            Undeclared(institution=name, thing=Thing.of(subject), use=_use(use, subject, about))
            for (name, subject), use in report.undeclared.items()
        ),
        families=tuple(
            FamilyUse(model_family=family, thing=Thing.of(subject), use=_use(use, subject, about))
            for (family, subject), use in families.items()
        ),
        trend=tuple(
            Month(
                period=Period.of(month.period),
                totals=_totals(month.totals, about, month.period),
                money=money_lines(month, each_institution=False),
            )
            for month in trend
        ),
    )


def _line(row: Row, about: About, period: GapPeriod) -> GapLine:
    unit, resource = row.subject.unit.value, row.subject.resource
    return GapLine(
        institution=row.institution,
        thing=Thing.of(row.subject),
        required=quantity(row.required, unit, DECLARED),
        own=known(row.own, unit, DECLARED),
        # Of data, what others share is declared by them.
        granted=known(row.granted, unit, SUPPLIED if resource is Resource.DATA else GRANTED),
        moved=known(row.moved, unit, SUPPLIED) if resource is Resource.TALENT else None,
        supply=known(row.supply, unit, SUPPLIED),
        gap=quantity(row.gap, unit, SUPPLIED),
        gap_fte=_fte(row.gap, row.subject, period),
        surplus=quantity(row.surplus, unit, SUPPLIED),
        coverage=quantity(row.coverage, RATIO, SUPPLIED),
        use=_use(row.usage, row.subject, about),
        own_allocated=quantity(row.own_allocated, unit, books_scope(row.usage.books)),
        unknown=tuple(_unknown(row)),
        need_lacks=None if row.lacks is None else Lacking(what=row.lacks.what, name=row.lacks.name),
        need_ended=None if row.need_ended_ms is None else instant(row.need_ended_ms),
    )


def _totals(rows: Sequence[GroupRow], about: About, period: GapPeriod) -> tuple[GroupLine, ...]:
    return tuple(_group_line(row, about, period) for row in rows)


def _group_line(row: GroupRow, about: About, period: GapPeriod) -> GroupLine:
    unit = row.subject.unit.value
    after = row.gap_after_pools
    return GroupLine(
        thing=Thing.of(row.subject),
        members=row.members,
        required=quantity(row.required, unit, DECLARED),
        supply=known(row.supply, unit, SUPPLIED),
        pooled=known(row.pooled, unit, GRANTED),
        gap=quantity(row.gap, unit, SUPPLIED),
        gap_after_pools=None if after is None or row.gap is None else plain(after, unit, SUPPLIED, row.gap.provenance),
        gap_fte=_fte(row.gap, row.subject, period),
        surplus=quantity(row.surplus, unit, SUPPLIED),
        met=quantity(row.met, RATIO, SUPPLIED),
        use=_use(row.usage, row.subject, about),
        own_allocated=quantity(row.own_allocated, unit, books_scope(row.usage.books)),
        need_unknown=row.unknown,
    )


def _fte(hours: GapFigure | None, subject: Subject, period: GapPeriod) -> Quantity | None:
    """Return hours of people as full-time equivalents; None of all else."""
    if hours is None or subject.resource is not Resource.TALENT:
        return None
    return known(hours.times(fte(Fraction(1), period)), FTE, SUPPLIED)


def _use(use: gap.Usage, subject: Subject, about: About) -> Use:
    unit, scope = subject.unit.value, books_scope(use.books or about.books)
    share = None if use.measured_share is None else plain(use.measured_share, RATIO, scope, Provenance.MEASURED)
    return Use(
        allocated=quantity(use.allocated, unit, scope),
        measured=quantity(use.measured, unit, scope),
        measured_share=share,
        used=quantity(use.used, unit, scope),
        unmeasured=quantity(use.unmeasured, unit, scope),
        idle=quantity(use.idle, unit, scope),
        intensity=quantity(use.intensity, RATIO, scope),
    )


def _unknown(row: Row) -> Iterator[Unknown]:
    if row.required is None:
        no_need = Unknown.NO_NEED if row.need_ended_ms is None else Unknown.NEED_ENDED
        yield Unknown.NEED_AMOUNT if row.needed else no_need
    if row.subject.resource is not Resource.COMPUTE:
        return
    if row.own_allocated is None:
        yield Unknown.OWN_MACHINES
    if row.usage.allocated is None:
        yield Unknown.NO_BOOKS
    elif row.usage.unmeasured is not None and row.usage.unmeasured.value:
        yield Unknown.USE_PARTLY


def _moved(report: GapReport) -> Iterator[Moved]:
    for account, hours in sorted(report.moved.items()):
        roles = [row for row in report.rows if row.subject == gap.talent(account.role)]
        # A boundary's balance is the other side of the institutions' entries: it is known as they are.
        provenance = max(
            (row.moved.provenance for row in roles), key=list(Provenance).index, default=Provenance.DECLARED
        )
        yield Moved(holder=account.holder, role=account.role, hours=plain(hours, HOURS, SUPPLIED, provenance))


def _courses(report: GapReport) -> Iterator[Course]:
    for each in report.courses:
        yield Course(
            institution=each.institution,
            learner_hours=plain(each.learner_hours, HOURS, GRANTED, Provenance.DECLARED),
            completers=each.completers,
            completes_at=instant(each.completes_ms),
        )


def _rest(each: gap.NotHeld) -> Rest:
    unit = each.subject.unit.value
    nodes = Scope(basis=Basis.NODES, books=(each.books,))
    return Rest(
        books=each.books,
        thing=Thing.of(each.subject),
        capacity=known(each.capacity, unit, nodes),
        held=known(each.held, unit, books_scope([each.books])),
        rest=known(each.rest, unit, nodes),
        rest_share=quantity(each.share, RATIO, nodes),
        idle=each.idle,
    )
