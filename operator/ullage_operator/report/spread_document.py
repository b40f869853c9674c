"""Disparity in a document: how unequally each thing is spread, by itself and by need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from ullage_operator import gap
from ullage_operator.gap import GapReport, Provenance, Row, Subject
from ullage_operator.gap.disparity import FEWEST_FOR_LORENZ
from ullage_operator.gap.figures import weakest

from .gap_parts import Excluded, Frontier, LeftOut, NoCurve, Point, Spread
from .parts import RATIO, SUPPLIED, Quantity, Thing, plain

Measure = Callable[[Sequence[Row], dict[str, str]], gap.Disparity]


def spreads(report: GapReport) -> tuple[Spread, ...]:
    """Return the disparity of each thing that is there, of S and of S / R."""
    return tuple(
        _spread(report, total.subject, by_need=by_need)
        for total in report.totals
        if total.members
        for by_need in (False, True)
    )


def _spread(report: GapReport, subject: Subject, *, by_need: bool) -> Spread:
    rows = [row for row in report.rows if row.subject == subject]
    measure: Measure = gap.need_weighted if by_need else gap.raw
    found = measure(rows, {each.id: each.country for each in report.institutions})
    by_kind = measure(rows, {each.id: each.kind for each in report.institutions})
    counted = [row for row in rows if row.institution not in found.left_out]
    provenance = weakest(
        part.provenance for row in counted for part in (row.supply, row.required if by_need else None) if part
    )
    return Spread(
        thing=Thing.of(subject),
        by_need=by_need,
        units=len(found.units),
        left_out=tuple(Excluded(institution=row.institution, why=_why(row)) for row in rows if row not in counted),
        gini=_ratio(found.gini, provenance),
        theil=_ratio(found.theil, provenance),
        theil_between_countries=_ratio(found.theil_between, provenance),
        theil_between_kinds=_ratio(by_kind.theil_between, provenance),
        frontier=tuple(
            Frontier(institution=name, ratio=_ratio(ratio, provenance)) for name, ratio in found.frontier.items()
        ),
        lorenz=tuple(Point(weight_share=float(x), amount_share=float(y)) for x, y in found.lorenz),
        no_lorenz=None if found.lorenz else _no_curve(found),
    )


def _ratio(value: Fraction | float | None, provenance: Provenance) -> Quantity | None:
    return None if value is None else plain(value, RATIO, SUPPLIED, provenance)


def _why(row: Row) -> LeftOut:
    if row.required is not None:
        return LeftOut.NEEDS_NOTHING
    no_need = LeftOut.NO_NEED if row.need_ended_ms is None else LeftOut.NEED_ENDED
    return LeftOut.NEED_AMOUNT if row.needed else no_need


def _no_curve(found: gap.Disparity) -> NoCurve:
    return NoCurve.TOO_FEW if len(found.units) < FEWEST_FOR_LORENZ else NoCurve.NOTHING
