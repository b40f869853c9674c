"""``ullage gap``: what institutions require, have, hold and use, and what closing the gap costs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import typer
from rich.console import Console
from rich.table import Table

from ullage_operator import gap
from ullage_operator.api.closest import did_you_mean
from ullage_operator.report import GapDocument, gap_csv, gap_document

from .books import Measured, Place, Question, measure
from .exits import Exit
from .gap_tables import bottleneck_table, families_table, groups_table, spread_table, trend_table, unknown_lines
from .manifests import Unusable, complain
from .options import By, Sheet
from .standing_tables import money_table, supply_table, told_as, use_table
from .tables import print_whole, wide_console


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
        _print(document, measured.standing.unknown, view)
    return Exit.OK


def document_of(measured: Measured, *, trend: bool) -> GapDocument:
    """Return the document of what was measured, with all groups."""
    inputs, report = measured.standing.inputs, measured.standing.report
    return gap_document(
        report,
        measured.about,
        trend=gap.trend(inputs, report.period) if trend else (),
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

    return document.model_copy(
        update={
            "institutions": tuple(each for each in document.institutions if each.id == institution),
            **{name: own(getattr(document, name)) for name in ("lines", "bottlenecks", "money", "courses")},
            "moved": tuple(each for each in document.moved if each.holder == institution),
            **dict.fromkeys(
                (
                    *("totals", "groups", "money_totals", "spreads", "rests"),
                    *("unattributed", "undeclared", "families", "trend"),
                ),
                (),
            ),
        }
    )


def _print(document: GapDocument, unknown: Sequence[str], view: View) -> None:
    console = wide_console()

    def show(heading: str, table: Table) -> None:
        if table.row_count:
            _say(console, f"\n{heading}")
            print_whole(console, table)

    _say(console, told_as(document))
    if view.by in (By.COUNTRY, By.KIND):
        show(f"Supply against need, and use within allocation, by {view.by}", groups_table(document, view.by.value))
    elif view.by is By.MODEL_FAMILY:
        show("Use within allocation, by model family: needs are declared by institution", families_table(document))
    else:
        show("Supply against need: R required, K own, F granted, S = K + F + moved", supply_table(document))
        show("Use within allocation: A held, U active; U, A - U and U / A over what was measured", use_table(document))
        show("Least covered", bottleneck_table(document))
        show("Money to close the gaps; awards that are not earmarked never count as supply", money_table(document))
        show("Disparity: 0 is even; Theil is split into between groups and within them", spread_table(document))
    show("Month by month; of money: gross, awarded, net", trend_table(document))
    if view.by is By.INSTITUTION and (lines := [*unknown, *unknown_lines(document)]):
        _say(console, "\nUnknown, and in no sum")
        for line in dict.fromkeys(lines):
            _say(console, f"  {line}")


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
