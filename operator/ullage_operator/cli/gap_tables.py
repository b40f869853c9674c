"""More tables of a gap: what each lacks most, disparity, groups, families of models, months, and what is unknown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.table import Table

from ullage_operator.report import GapDocument
from ullage_operator.report.gap_parts import GroupLine, Unknown
from ullage_operator.report.spread_parts import Spread

from .cells import USE_HEADS, add_row, amount, figures_table, money_cells, share, thing_cells, use_cells

_UNKNOWN: Final = {
    Unknown.NO_NEED: "R: nobody declared a need",
    Unknown.NEED_ENDED: "R: its need ended on {ended}, before the period's end",
    Unknown.NEED_AMOUNT: "R: a need is declared, its amount is not known",
    Unknown.OWN_MACHINES: "A on its own machines: no books tell of them",
    Unknown.NO_BOOKS: "A and U: no books were read",
    Unknown.USE_PARTLY: "U: over a part of A it was not measured",
}


def bottleneck_table(document: GapDocument) -> Table:
    """Return what each institution is covered least in."""
    table = figures_table("institution", "bottleneck", right=("coverage",))
    for each in document.bottlenecks:
        add_row(table, each.institution, thing_cells(each.thing)[0], share(each.coverage))
    return table


def spread_table(document: GapDocument) -> Table:
    """Return how unequally each thing is spread: S by itself, and S / R weighted by R."""
    heads = ("institutions", "Gini", "Theil", "between countries", "within", "between kinds", "within")
    table = figures_table("what", "of", right=heads)
    for each in document.spreads:
        add_row(table, *spread_cells(each))
    return table


def spread_cells(each: Spread) -> tuple[str, ...]:
    """Return what is spread, by what measure, over how many, Gini, Theil, and the parts of Theil."""
    parts: list[str] = []
    for between in (each.theil_between_countries, each.theil_between_kinds):
        known = each.theil is not None and between is not None
        within = each.theil.value - between.value if each.theil and between else 0.0
        parts += [_coefficient(between.value if between else None), _coefficient(within if known else None)]
    measures = [_coefficient(found.value if found else None) for found in (each.gini, each.theil)]
    of = "S / R by need" if each.by_need else "S"
    return thing_cells(each.thing)[0], of, str(each.units), *measures, *parts


def families_table(document: GapDocument) -> Table:
    """Return what was held and used by each family of models."""
    table = figures_table("model family", "what", "unit", right=USE_HEADS, last="books")
    for each in document.families:
        add_row(table, each.model_family or "unattributed", *thing_cells(each.thing), *use_cells(each.use))
    return table


def trend_table(document: GapDocument) -> Table:
    """Return the sums over all institutions of each month."""
    table = figures_table("month", "what", "unit", right=("R", "S", "gap", "met", "A", "U", "U / A"))
    for month in document.trend:
        for total in month.totals:
            add_row(table, month.period.start[:7], *thing_cells(total.thing), *_sums(total))
        for found in month.money_totals:
            gross, awarded, net = money_cells(found)
            add_row(table, month.period.start[:7], "money", found.currency, gross, awarded, net, "", "", "", "")
    return table


def institution_trend_table(document: GapDocument) -> Table:
    """Return each thing of each institution, month by month."""
    table = figures_table(
        "institution", "what", "unit", "month", right=("R", "S", "gap", "coverage", "A", "U", "U / A")
    )
    found = [
        ((line.institution, *thing_cells(line.thing), month.period.start[:7]), line)
        for month in document.trend
        for line in month.lines
    ]
    for key, line in sorted(found, key=lambda each: each[0]):
        amounts = (amount(line.required), amount(line.supply), amount(line.gap), share(line.coverage))
        use = (amount(line.use.allocated), amount(line.use.used), share(line.use.intensity))
        add_row(table, *key, *amounts, *use)
    return table


def money_trend_table(document: GapDocument) -> Table:
    """Return what closing the gaps of each institution costs, month by month."""
    table = figures_table("institution", "currency", "month", right=("gross", "awarded", "net"))
    found = [
        ((money.institution or "", money.currency, month.period.start[:7]), money_cells(money))
        for month in document.trend
        for money in month.money
    ]
    for key, cells in sorted(found):
        add_row(table, *key, *cells)
    return table


def unknown_lines(document: GapDocument) -> Iterator[str]:
    """Yield what is not known, each as a sentence."""
    for line in document.lines:
        for what in line.unknown:
            why = _UNKNOWN[what].format(ended=(line.need_ended or "")[:10])
            yield f"{line.institution}, {thing_cells(line.thing)[0]}: {why}"
    for found in document.money:
        for each in found.unpriced:
            yield f"{each.institution}, {thing_cells(each.thing)[0]}: it has no price in {found.currency}"


def _sums(total: GroupLine) -> tuple[str, ...]:
    # Of data, needs and gaps are not summed: several may need the same.
    required, gap = (amount(each) if each else "–" for each in (total.required, total.gap))
    met = share(total.met) if total.met else "–"
    use = total.use
    return required, amount(total.supply), gap, met, amount(use.allocated), amount(use.used), share(use.intensity)


def _coefficient(value: float | None) -> str:
    return "?" if value is None else f"{value:.4f}"
