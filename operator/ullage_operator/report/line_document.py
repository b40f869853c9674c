"""Lines of a document: one thing of one institution, or over several, with A and U."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from ullage_operator import gap
from ullage_operator.gap import Figure as GapFigure
from ullage_operator.gap import GroupRow, Provenance, Resource, Row, Subject, fte
from ullage_operator.gap import Period as GapPeriod

from .gap_parts import GapLine, GroupLine, Unknown, Use
from .parts import (
    DECLARED,
    FTE,
    GRANTED,
    RATIO,
    SUPPLIED,
    About,
    Lacking,
    Quantity,
    Thing,
    books_scope,
    instant,
    known,
    plain,
    quantity,
)


def line(row: Row, about: About, period: GapPeriod) -> GapLine:
    """Return one institution and one thing."""
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
        use=use(row.usage, row.subject, about),
        own_allocated=quantity(row.own_allocated, unit, books_scope(row.usage.books)),
        unknown=tuple(_unknown(row)),
        need_lacks=None if row.lacks is None else Lacking(what=row.lacks.what, name=row.lacks.name),
        need_ended=None if row.need_ended_ms is None else instant(row.need_ended_ms),
    )


def group_line(row: GroupRow, about: About, period: GapPeriod) -> GroupLine:
    """Return one thing over several institutions."""
    unit = row.subject.unit.value
    after = row.gap_after_pools
    return GroupLine(
        thing=Thing.of(row.subject),
        members=row.members,
        required=quantity(row.required, unit, DECLARED),
        own=known(row.own, unit, DECLARED),
        granted=quantity(row.granted, unit, GRANTED),
        moved=known(row.moved, unit, SUPPLIED) if row.subject.resource is Resource.TALENT else None,
        supply=known(row.supply, unit, SUPPLIED),
        pooled=known(row.pooled, unit, GRANTED),
        gap=quantity(row.gap, unit, SUPPLIED),
        gap_after_pools=None if after is None or row.gap is None else plain(after, unit, SUPPLIED, row.gap.provenance),
        gap_fte=_fte(row.gap, row.subject, period),
        surplus=quantity(row.surplus, unit, SUPPLIED),
        coverage=quantity(row.coverage, RATIO, SUPPLIED),
        met=quantity(row.met, RATIO, SUPPLIED),
        use=use(row.usage, row.subject, about),
        own_allocated=quantity(row.own_allocated, unit, books_scope(row.usage.books)),
        need_unknown=row.unknown,
    )


def _fte(hours: GapFigure | None, subject: Subject, period: GapPeriod) -> Quantity | None:
    """Return hours of people as full-time equivalents; None of all else."""
    if hours is None or subject.resource is not Resource.TALENT:
        return None
    return known(hours.times(fte(Fraction(1), period)), FTE, SUPPLIED)


def use(found: gap.Usage, subject: Subject, about: About) -> Use:
    """Return A and U, with the books that tell them."""
    unit, scope = subject.unit.value, books_scope(found.books or about.books)
    share = None if found.measured_share is None else plain(found.measured_share, RATIO, scope, Provenance.MEASURED)
    return Use(
        allocated=quantity(found.allocated, unit, scope),
        measured=quantity(found.measured, unit, scope),
        measured_share=share,
        used=quantity(found.used, unit, scope),
        unmeasured=quantity(found.unmeasured, unit, scope),
        idle=quantity(found.idle, unit, scope),
        intensity=quantity(found.intensity, RATIO, scope),
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
