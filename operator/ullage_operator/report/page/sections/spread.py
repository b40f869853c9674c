"""Disparity: coefficients, and Lorenz curves where there are enough institutions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ullage_operator.report.gap_parts import GapDocument
from ullage_operator.report.page.pictures import Curve, Mark, Told, curves
from ullage_operator.report.page.views import Column, Item, Picture, Section, Table, Writer
from ullage_operator.report.parts import RATIO, SUPPLIED, Quantity, Thing
from ullage_operator.report.spread_parts import NoCurve, Spread

_COEFFICIENTS = ("gini", "theil", "theil_between_countries", "theil_between_kinds")


def spread(writer: Writer, gap: GapDocument) -> Section:
    """Return how unequally each thing is spread, by itself and by need."""
    words = writer.words
    rows: list[Sequence[Item]] = [
        [
            writer.thing(each.thing),
            _measure(writer, each),
            *(getattr(each, name) for name in _COEFFICIENTS),
            "; ".join(f"{writer.name(out.institution)}: {words(f'left_out.{out.why}')}" for out in each.left_out)
            or words("none"),
        ]
        for each in gap.spreads
    ]
    columns = writer.columns("thing", "measure", *_COEFFICIENTS, "left_out", coefficients=_COEFFICIENTS)
    things = list(dict.fromkeys(each.thing for each in gap.spreads if each.lorenz))
    return Section(
        "spread",
        words("intro.spread"),
        pictures=[_picture(writer, gap, thing) for thing in things],
        tables=[
            writer.table("spread", words("table.spread"), columns, rows),
            _frontier(writer, gap),
            *(_points(writer, gap, thing) for thing in things),
        ],
        notes=list(_notes(writer, gap)),
    )


def _frontier(writer: Writer, gap: GapDocument) -> Table:
    """Return how many times more the best supplied institution has; its row says 1."""
    words = writer.words
    rows: list[Sequence[Item]] = []
    for spread in gap.spreads:
        for each in spread.frontier if not spread.by_need else ():
            ratio: Item = words("note.has_nothing") if each.ratio is None else each.ratio
            rows.append([writer.name(each.institution), writer.thing(spread.thing), ratio])
    columns = [*writer.columns("institution", "thing"), Column(words("column.frontier"), times=True)]
    return writer.table("frontier", words("table.frontier"), columns, rows)


def _measure(writer: Writer, found: Spread) -> str:
    return writer.words("measure.coverage" if found.by_need else "measure.supply")


def _notes(writer: Writer, gap: GapDocument) -> Iterator[str]:
    for each in gap.spreads:
        if each.no_lorenz:
            key = "note.lorenz_few" if each.no_lorenz is NoCurve.TOO_FEW else "note.lorenz_nothing"
            yield writer.words(key, thing=writer.thing(each.thing), measure=_measure(writer, each))


def _picture(writer: Writer, gap: GapDocument, thing: Thing) -> Picture:
    words = writer.words
    drawn = [each for each in gap.spreads if each.thing == thing and each.lorenz]
    marks = {False: Mark.SUPPLY, True: Mark.SECOND}
    listed = [Curve(words("picture.all_the_same"), [0, 1], [0, 1], Mark.REFERENCE)]
    listed += [
        Curve(
            words("picture.by_need" if each.by_need else "picture.by_supply"),
            [point.weight_share for point in each.lorenz],
            [point.amount_share for point in each.lorenz],
            marks[each.by_need],
        )
        for each in drawn
    ]
    title = words("picture.lorenz", thing=writer.thing(thing))
    key = f"lorenz-{[each.thing for each in gap.totals].index(thing)}"
    about = Told(key, title, words("picture.lorenz_told"), words("column.weight_share"))
    note = words("data_below", table=words("table.lorenz", thing=writer.thing(thing)))
    return Picture(curves(about, listed, words.percent, square=True), title, note)


def _points(writer: Writer, gap: GapDocument, thing: Thing) -> Table:
    words = writer.words
    rows: list[Sequence[Item]] = []
    for each in gap.spreads:
        if each.thing == thing and each.gini:
            known = each.gini.provenance
            for point in each.lorenz:
                x, y = (
                    Quantity(value=share, unit=RATIO, provenance=known, scope=SUPPLIED)
                    for share in (point.weight_share, point.amount_share)
                )
                rows.append([_measure(writer, each), x, y])
    key = f"lorenz-points-{[each.thing for each in gap.totals].index(thing)}"
    caption = words("table.lorenz", thing=writer.thing(thing))
    return writer.table(key, caption, writer.columns("measure", "weight_share", "amount_share"), rows)
