"""``ullage gap``: what institutions require, have, hold and use, and what closing the gap costs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import typer
from rich.console import Console
from rich.table import Table

from ullage_operator import gap
from ullage_operator.api.closest import did_you_mean
from ullage_operator.report import GapDocument, gap_csv, gap_document

from .books import Measured, Place, Question, measure
from .detail_tables import comes_to_table, course_table, left_out_lines, lorenz_table, moved_table, rest_table
from .exits import Exit
from .gap_tables import (
    bottleneck_table,
    families_table,
    institution_trend_table,
    money_trend_table,
    spread_table,
    trend_table,
    unknown_lines,
)
from .group_tables import (
    group_money_table,
    group_spread_table,
    group_supply_table,
    group_use_table,
    group_worst_table,
)
from .manifests import Unusable, complain
from .options import By, Sheet
from .standing_tables import money_table, supply_table, told_as, use_table
from .tables import print_whole, say, wide_console


@dataclass(frozen=True)
class View:
    """What of a gap is shown."""

    by: By = By.INSTITUTION
    institution: str | None = None
    """One alone; all unless given."""
    trend: bool = False
    """Month by month too."""


def gap_command(place: Place, question: Question, view: View, sheet: Sheet) -> Exit:
    """Print the gap of a period; return how the command ends."""
    if view.institution is not None and view.by is not By.INSTITUTION:
        complain("--institution: expected it without --by, which sums over institutions, found both; leave one out")
        return Exit.INVALID
    try:
        measured = measure(place, question)
        document = document_of(measured, trend=view.trend)
        if view.institution is not None:
            document = _of_one(document, view.institution)
    except Unusable as error:
        return error.code
    if sheet is Sheet.JSON:
        typer.echo(json.dumps(document.to_json(), indent=1, ensure_ascii=False))
    elif sheet is Sheet.CSV:
        typer.echo(gap_csv(document), nl=False)
    elif not (document.lines or document.unattributed or document.undeclared):
        typer.echo(nothing_declared(document))
    else:
        print_gap(wide_console(), document, measured.standing.unknown, view)
    return Exit.OK


def document_of(measured: Measured, *, trend: bool) -> GapDocument:
    """Return the document of what was measured, with all groups."""
    inputs, report = measured.standing.inputs, measured.standing.report
    return gap_document(
        report,
        measured.about,
        trend=(*measured.before, *gap.trend(inputs, report.period)) if trend else (),
        groups={
            By.COUNTRY.value: gap.grouped(inputs, report, lambda each: each.country),
            By.KIND.value: gap.grouped(inputs, report, lambda each: each.kind),
        },
        families=gap.usage_by(inputs.allocations, "model_family", report.period),
    )


def nothing_declared(document: GapDocument) -> str:
    """Return that there is no gap to tell, and what to do."""
    return (
        f"As of {_second(document.as_of)} the books have neither an institution nor use by "
        f"{_second(document.period.end)}. `ullage declare` posts manifests; --since of it says from when they apply."
    )


def _second(instant: str) -> str:
    return f"{instant[:19]}Z"


def _of_one(document: GapDocument, institution: str) -> GapDocument:
    """Return what is of one institution: no sums, nothing that compares it with others."""
    names = [each.id for each in document.institutions]
    if institution not in names:
        hint = did_you_mean(institution, names) or f"there are: {', '.join(names) or 'none'}"
        complain(f"--institution: expected the id of an institution in these books, found {institution!r}; {hint}")
        raise Unusable(Exit.INVALID)

    def own(parts: Sequence[object]) -> tuple[object, ...]:
        return tuple(part for part in parts if getattr(part, "institution", None) == institution)

    months = tuple(
        month.model_copy(
            update={"lines": own(month.lines), "money": own(month.money), "totals": (), "money_totals": ()}
        )
        for month in document.trend
    )
    return document.model_copy(
        update={
            "trend": months,
            "institutions": tuple(each for each in document.institutions if each.id == institution),
            **{name: own(getattr(document, name)) for name in ("lines", "bottlenecks", "money", "courses")},
            "moved": tuple(each for each in document.moved if each.holder == institution),
            **dict.fromkeys(("totals", "groups", "money_totals", "spreads", "rests"), ()),
            **dict.fromkeys(("unattributed", "undeclared", "families"), ()),
        }
    )


def print_gap(console: Console, document: GapDocument, unknown: Sequence[str], view: View) -> None:
    """Print a gap as tables, and at the end what is not known."""
    say(console, told_as(document))
    if view.by is By.INSTITUTION:
        _print_institutions(console, document)
    else:
        _print_groups(console, document, view.by)
    _print_trend(console, document)
    if view.by is By.INSTITUTION:
        _print_unknown(console, document, unknown)


def print_report_gap(console: Console, document: GapDocument, unknown: Sequence[str]) -> None:
    """Print a gap from every side: each institution, each group, each family of models, each month."""
    say(console, told_as(document))
    _print_institutions(console, document)
    for by in (By.COUNTRY, By.KIND, By.MODEL_FAMILY):
        _print_groups(console, document, by)
    _print_trend(console, document)
    _print_unknown(console, document, unknown)


def _print_institutions(console: Console, document: GapDocument) -> None:
    _show(console, "Supply against need: R required, K own, F granted, S = K + F + moved", supply_table(document))
    times = "; frontier: how many times more the best supplied has" if document.spreads else ""
    _show(console, f"What a gap comes to in full-time equivalents and in money{times}", comes_to_table(document))
    heading = "Use within allocation: A held, U active; U, A - U and U / A over what was measured"
    _show(console, heading, use_table(document))
    _show(console, "What nodes offered, and what of it nobody held", rest_table(document))
    _show(console, "Least covered", bottleneck_table(document))
    _show(
        console, "Money to close the gaps; awards that are not earmarked never count as supply", money_table(document)
    )
    heading = "Hours of people that moved: below 0 they left, and over all accounts they sum to 0"
    _show(console, heading, moved_table(document))
    _show(console, "Education delivered: reported, never counted as supply", course_table(document))
    _show(console, "Disparity: 0 is even; Theil is split into between groups and within them", spread_table(document))
    _list(console, "Left out of disparity", left_out_lines(document))
    _show(console, "Lorenz curve: what the worst supplied have of S", lorenz_table(document))


def _print_groups(console: Console, document: GapDocument, by: By) -> None:
    if by is By.MODEL_FAMILY:
        heading = "Use within allocation, by model family: needs are declared by institution"
        _show(console, heading, families_table(document))
    else:
        name = by.value
        heading = f"Supply against need by {by}; gaps are clipped before they are summed, and met is 1 - gap / R"
        _show(console, heading, group_supply_table(document, name))
        _show(console, f"Use within allocation by {by}", group_use_table(document, name))
        _show(console, f"Least met by {by}", group_worst_table(document, name))
        _show(console, f"Money to close the gaps by {by}", group_money_table(document, name))
        _show(console, f"Disparity within each {by} of two institutions and more", group_spread_table(document, name))


def _print_trend(console: Console, document: GapDocument) -> None:
    _show(console, "Month by month; of money: gross, awarded, net", trend_table(document))
    _show(console, "Month by month, of each institution", institution_trend_table(document))
    _show(console, "Money to close the gaps, month by month", money_trend_table(document))


def _print_unknown(console: Console, document: GapDocument, unknown: Sequence[str]) -> None:
    _list(console, "Unknown, and in no sum", dict.fromkeys([*unknown, *unknown_lines(document)]))


def _list(console: Console, heading: str, lines: Iterable[str]) -> None:
    listed = list(lines)
    if listed:
        say(console, f"\n{heading}")
    for line in listed:
        say(console, f"  {line}")


def _show(console: Console, heading: str, table: Table) -> None:
    if table.row_count:
        say(console, f"\n{heading}")
        print_whole(console, table)
