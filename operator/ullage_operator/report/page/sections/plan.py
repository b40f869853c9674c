"""The plan: who is given what, before and after, and what a fifth less or more would do."""

from __future__ import annotations

from collections.abc import Sequence

from ullage_operator.report.page.pictures import Bar, Dot, DotRow, Mark, Told, bars, dots
from ullage_operator.report.page.views import Item, Picture, Section, Table, Writer
from ullage_operator.report.plan_document import PlanDocument, PlanLine, Variant

_MOST_ROWS = 40
_LINE_KEYS = ("price", "amount", "cost", "gap_before", "gap_after", "coverage_before", "coverage_after")
_VARIANT_KEYS = ("budget", "cost", "left", "level", "gap_cost_before", "gap_cost_after")
_LEAST = ("least_coverage_before", "least_coverage_after")
_GINI = ("gini_before", "gini_after")


def plan(writer: Writer, document: PlanDocument) -> Section:
    """Return the plan and its neighbours."""
    words, chosen = writer.words, document.chosen
    intro = words("intro.plan", budget=writer.amount(chosen.budget), method=words(f"method.{document.method}"))
    tables = [_variants(writer, document), _lines(writer, chosen), _spreads(writer, chosen)]
    if document.skipped:
        skipped: list[Sequence[Item]] = [
            [writer.name(each.institution), writer.thing(each.thing), words(f"not_planned.{each.why}")]
            for each in document.skipped
        ]
        heads = writer.columns("institution", "thing", "why")
        tables.append(writer.table("skipped", words("table.skipped"), heads, skipped))
    pictures = [_coverage(writer, chosen), _costs(writer, document)]
    return Section("plan", intro, pictures=pictures, tables=tables)


def _variants(writer: Writer, document: PlanDocument) -> Table:
    rows: list[Sequence[Item]] = [
        [getattr(each, name) for name in (*_VARIANT_KEYS, *_LEAST)] for each in document.variants
    ]
    columns = writer.columns(*_VARIANT_KEYS, "least_before", "least_after")
    return writer.table("variants", writer.words("table.variants"), columns, rows)


def _lines(writer: Writer, chosen: Variant) -> Table:
    rows: list[Sequence[Item]] = [
        [
            writer.name(line.institution),
            writer.thing_cell(line.thing),
            *(writer.words("none") if getattr(line, name) is None else getattr(line, name) for name in _LINE_KEYS),
        ]
        for line in chosen.lines
    ]
    columns = writer.columns("institution", "thing", *_LINE_KEYS)
    return writer.table("plan-lines", writer.words("table.plan"), columns, rows)


def _spreads(writer: Writer, chosen: Variant) -> Table:
    rows: list[Sequence[Item]] = [
        [
            writer.thing(each.thing),
            writer.words("measure.coverage" if each.by_need else "measure.supply"),
            each.gini_before,
            each.gini_after,
        ]
        for each in chosen.spreads
    ]
    columns = writer.columns("thing", "measure", *_GINI, coefficients=_GINI)
    return writer.table("plan-spread", writer.words("table.plan_spread"), columns, rows)


def _label(writer: Writer, line: PlanLine, *, several: bool) -> str:
    name = writer.name(line.institution)
    return f"{name}, {line.thing.type}" if several else name


def _coverage(writer: Writer, chosen: Variant) -> Picture:
    words = writer.words
    lines = [line for line in chosen.lines if line.coverage_before and line.coverage_after][:_MOST_ROWS]
    several = len({line.thing for line in lines}) > 1
    rows, told = [], []
    for line in lines:
        points = [
            Dot(found.value * 100, mark)
            for found, mark in ((line.coverage_before, Mark.BEFORE), (line.coverage_after, Mark.SUPPLY))
            if found
        ]
        rows.append(DotRow(_label(writer, line, several=several), points))
        shares = {"before": writer.amount(line.coverage_before), "after": writer.amount(line.coverage_after)}
        thing = writer.thing(line.thing)
        told.append(words("picture.plan_line", institution=writer.name(line.institution), thing=thing, **shares))
    title = words("picture.plan")
    about = Told(
        "plan-coverage",
        title,
        words("picture.plan_told", lines=" ".join(told)),
        f"{words('column.coverage')}, %",
    )
    legend = [(words("picture.before"), Mark.BEFORE), (words("picture.after"), Mark.SUPPLY)]
    svg = dots(about, rows, legend, words.number, joined=True, line_at=100.0)
    return Picture(svg, title, words("data_below", table=words("table.plan")))


def _costs(writer: Writer, document: PlanDocument) -> Picture:
    words = writer.words
    before = document.chosen.gap_cost_before
    rows = [Bar(words("picture.without_plan"), [(before.value, Mark.NEED)])]
    told = [words("picture.variants_line", budget=words("picture.without_plan"), after=writer.amount(before))]
    for each in document.variants:
        rows.append(Bar(writer.amount(each.budget), [(each.gap_cost_after.value, Mark.SUPPLY)]))
        after = writer.amount(each.gap_cost_after)
        told.append(words("picture.variants_line", budget=writer.amount(each.budget), after=after))
    title = words("picture.variants")
    about = Told(
        "plan-costs",
        title,
        words("picture.variants_told", lines=" ".join(told)),
        f"{words('column.gap_cost_after')}, {document.currency}",
    )
    legend = [(words("picture.before"), Mark.NEED), (words("picture.after"), Mark.SUPPLY)]
    svg = bars(about, rows, legend, words.number, stacked=False)
    return Picture(svg, title, words("data_below", table=words("table.variants")))
