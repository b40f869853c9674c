"""Tables of a gap's details: what each comes to, the rest of nodes, people who moved, whom a disparity leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from rich.table import Table

from ullage_operator.gap import Resource
from ullage_operator.report import GapDocument
from ullage_operator.report.gap_parts import GapLine, GroupLine, Money
from ullage_operator.report.parts import Thing
from ullage_operator.report.spread_parts import LeftOut, Point

from .cells import add_row, amount, figures_table, number, share, thing_cells

_LEFT_OUT: Final = {
    LeftOut.NO_NEED: "nobody declared a need",
    LeftOut.NEED_ENDED: "its need has ended",
    LeftOut.NEED_AMOUNT: "its need is not known",
    LeftOut.NEEDS_NOTHING: "it needs nothing",
}
_FIFTHS: Final = (0.2, 0.4, 0.6, 0.8)


def comes_to_table(document: GapDocument) -> Table:
    """Return each gap in full-time equivalents and in money, the surplus, and the frontier ratio of S."""
    currencies = list(dict.fromkeys(each.currency for each in document.money))
    ratios = {
        (spread.thing, each.institution): "–" if each.ratio is None else number(each.ratio.value)
        for spread in document.spreads
        if not spread.by_need
        for each in spread.frontier
    }
    frontier = ("frontier",) if document.spreads else ()
    heads = ("gap", "FTE", "surplus", *(f"cost, {each}" for each in currencies), *frontier)
    table = figures_table("institution", "what", "unit", right=heads)
    told: list[tuple[str, GapLine | GroupLine, Sequence[Money]]] = [
        (line.institution, line, [each for each in document.money if each.institution == line.institution])
        for line in document.lines
    ]
    told += [("total", total, document.money_totals) for total in document.totals if total.members]
    for name, line, money in told:
        costs = [_cost(line.thing, each) for currency in currencies for each in money if each.currency == currency]
        times = [ratios.get((line.thing, name), "–")] if frontier else []
        add_row(table, name, *thing_cells(line.thing), *_amounts(name, line), *costs, *times)
    return table


def rest_table(document: GapDocument) -> Table:
    """Return what the nodes of each cluster offered, and what of it nobody held."""
    table = figures_table("books", "what", "unit", right=("offered", "held", "rest", "share"), last="the rest is")
    for each in document.rests:
        amounts = (amount(each.capacity), amount(each.held), amount(each.rest), share(each.rest_share))
        add_row(table, each.books, *thing_cells(each.thing), *amounts, "idle" if each.idle else "not held by Ullage")
    return table


def moved_table(document: GapDocument) -> Table:
    """Return the hours of people that reached each account; boundaries such as abroad are accounts too."""
    table = figures_table("account", "role", right=("hours",))
    for each in document.moved:
        add_row(table, each.holder, each.role, amount(each.hours))
    return table


def course_table(document: GapDocument) -> Table:
    """Return the education delivered, who complete, and from when they have their new role."""
    table = figures_table("institution", right=("learner-hours", "complete", "new role from"))
    for each in document.courses:
        add_row(table, each.institution, amount(each.learner_hours), f"{each.completers}", each.completes_at[:10])
    return table


def lorenz_table(document: GapDocument) -> Table:
    """Return the Lorenz curve at each fifth: what the worst supplied have of the supply."""
    heads = tuple(f"{fifth:.0%} have" for fifth in _FIFTHS)
    table = figures_table("what", "the worst supplied", right=heads)
    for each in document.spreads:
        if each.lorenz:
            counted = "of need" if each.by_need else "of institutions"
            add_row(table, thing_cells(each.thing)[0], counted, *(f"{_at(each.lorenz, x):.1%}" for x in _FIFTHS))
    return table


def left_out_lines(document: GapDocument) -> Iterator[str]:
    """Yield which institutions a disparity does not count, and why, each as a sentence."""
    for spread in document.spreads:
        for why in LeftOut:
            names = [each.institution for each in spread.left_out if each.why is why]
            if names:
                yield f"{thing_cells(spread.thing)[0]}, by need: {', '.join(names)}: {_LEFT_OUT[why]}"


def _amounts(name: str, line: GapLine | GroupLine) -> tuple[str, str, str]:
    """Return gap, full-time equivalents and surplus; sums leave out what is not known, and have none of data."""
    none = "–" if name == "total" else "?"
    fte = (amount(line.gap_fte) if line.gap_fte else none) if line.thing.resource is Resource.TALENT else "–"
    return amount(line.gap) if line.gap else none, fte, amount(line.surplus) if line.surplus else none


def _cost(thing: Thing, money: Money) -> str:
    """Return what closing a gap costs: it is not known of one without a price, and there is none without a need."""
    for each in money.costs:
        if each.thing == thing:
            return amount(each.cost)
    return "?" if thing in [each.thing for each in money.unpriced] else "–"


def _at(points: Sequence[Point], weight_share: float) -> float:
    """Return the share of the supply at a share of the weight: between its points the curve is straight."""
    for before, after in pairwise(points):
        if weight_share <= after.weight_share:
            along = (weight_share - before.weight_share) / (after.weight_share - before.weight_share)
            return before.amount_share + along * (after.amount_share - before.amount_share)
    return points[-1].amount_share
