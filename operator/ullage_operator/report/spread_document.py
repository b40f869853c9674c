"""Disparity in a document: how unequally each thing is spread, by itself and by need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from ullage_operator import gap
from ullage_operator.gap import Institution, Provenance, Row
from ullage_operator.gap.disparity import FEWEST_FOR_LORENZ
from ullage_operator.gap.figures import weakest

from .parts import RATIO, SUPPLIED, Quantity, Thing, plain
from .spread_parts import Excluded, Frontier, LeftOut, NoCurve, Point, Spread

Measure = Callable[[Sequence[Row], dict[str, str]], gap.Disparity]


def spreads(rows: Sequence[Row], institutions: Sequence[Institution]) -> tuple[Spread, ...]:
    """Return the disparity among some institutions of each thing that they have a row of, of S and of S / R."""
    subjects = sorted({row.subject for row in rows})
    return tuple(
        _spread([row for row in rows if row.subject == subject], institutions, by_need=by_need)
        for subject in subjects
        for by_need in (False, True)
    )


def _spread(rows: Sequence[Row], institutions: Sequence[Institution], *, by_need: bool) -> Spread:
    measure: Measure = gap.need_weighted if by_need else gap.raw
    found = measure(rows, {each.id: each.country for each in institutions})
    by_kind = measure(rows, {each.id: each.kind for each in institutions})
    counted = [row for row in rows if row.institution not in found.left_out]
    provenance = weakest(
        part.provenance for row in counted for part in (row.supply, row.required if by_need else None) if part
    )
    return Spread(
        thing=Thing.of(rows[0].subject),
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
