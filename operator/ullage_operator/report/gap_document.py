"""From a measured gap to its document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ullage_operator import gap
from ullage_operator.gap import GapReport, Provenance, Subject

from .gap_parts import (
    Bottleneck,
    Course,
    FamilyUse,
    GapDocument,
    Group,
    Institution,
    LeastMet,
    Month,
    Moved,
    Rest,
    Unattributed,
    Undeclared,
)
from .line_document import group_line, line
from .line_document import use as line_use
from .money_document import money_lines, money_of_group
from .parts import (
    GRANTED,
    HOURS,
    RATIO,
    SUPPLIED,
    About,
    Basis,
    Period,
    Scope,
    Thing,
    books_scope,
    instant,
    known,
    plain,
    quantity,
)
from .spread_document import spreads

Groups = Mapping[str, Sequence[gap.Group]]
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
        lines=tuple(line(row, about, report.period) for row in report.rows),
        totals=tuple(group_line(row, about, report.period) for row in report.totals),
        groups=tuple(_group(by, each, report, about) for by, found in sorted(groups.items()) for each in found),
        bottlenecks=tuple(
            Bottleneck(institution=name, thing=Thing.of(row.subject), coverage=known(row.coverage, RATIO, SUPPLIED))
            for name, row in sorted(report.bottlenecks.items())
            if row.coverage is not None
        ),
        money=money_lines(report, each_institution=True),
        money_totals=money_lines(report, each_institution=False),
        spreads=spreads(report.rows, report.institutions),
        moved=tuple(_moved(report)),
        courses=tuple(_courses(report)),
        rests=tuple(map(_rest, report.not_held)),
        unattributed=tuple(
            Unattributed(thing=Thing.of(subject), use=line_use(use, subject, about))
            for subject, use in sorted(report.unattributed.items())
        ),
        undeclared=tuple(
            Undeclared(institution=name, thing=Thing.of(subject), use=line_use(use, subject, about))
            for (name, subject), use in report.undeclared.items()
        ),
        families=tuple(
            FamilyUse(model_family=family, thing=Thing.of(subject), use=line_use(use, subject, about))
            for (family, subject), use in families.items()
        ),
        trend=tuple(
            Month(
                period=Period.of(month.period),
                lines=tuple(line(row, about, month.period) for row in month.rows),
                totals=tuple(group_line(row, about, month.period) for row in month.totals),
                money=money_lines(month, each_institution=True),
                money_totals=money_lines(month, each_institution=False),
            )
            for month in trend
        ),
    )


def _group(by: str, found: gap.Group, report: GapReport, about: About) -> Group:
    worst = found.bottleneck
    return Group(
        by=by,
        name=found.name,
        members=tuple(sorted(found.members)),
        totals=tuple(group_line(row, about, report.period) for row in found.totals),
        bottleneck=None
        if worst is None or worst.met is None
        else LeastMet(thing=Thing.of(worst.subject), met=known(worst.met, RATIO, SUPPLIED)),
        money=money_of_group(found.money),
        spreads=spreads(
            [row for row in report.rows if row.institution in found.members],
            [each for each in report.institutions if each.id in found.members],
        ),
    )


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
