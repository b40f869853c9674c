"""``ullage compare``: jobs of the books beside published trainings."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import typer
from rich.console import Console

from ullage_operator import gap
from ullage_operator.api.closest import did_you_mean
from ullage_operator.report import CompareDocument, compare_csv, compare_document
from ullage_operator.report.compare_document import NoRatio

from .books import Place, Question, catalogue_of, kinds_of, moment_of
from .cells import add_row, figures_table, number
from .exits import Exit
from .footprints import JobName, Reading, job_footprint, jobs_of
from .manifests import Unusable, complain
from .options import Sheet
from .standing_tables import MARKS_NOTE, compare_sources, compare_table
from .tables import print_whole, say, wide_console

CATALOGUE_VERSION: Final = "ullage.dev/catalogue/v1alpha1"
_HEADS: Final = ("id", "name", "family", "year", "parameters", "data", "flop")


def compare_command(place: Place, question: Question, names: tuple[str, ...], grid: str, sheet: Sheet) -> Exit:
    """Print a comparison; return how the command ends."""
    try:
        document = comparison_of(place, question, names, grid_of(grid))
    except Unusable as error:
        return error.code
    if sheet is Sheet.JSON:
        typer.echo(json.dumps(document.to_json(), indent=1, ensure_ascii=False))
    elif sheet is Sheet.CSV:
        typer.echo(compare_csv(document), nl=False)
    else:
        print_comparison(wide_console(), document)
    return Exit.OK


def print_comparison(console: Console, document: CompareDocument) -> None:
    """Print a comparison as a table, with its sources, what has no ratio and what is not known."""
    print_whole(console, compare_table(document))
    told = [*compare_sources(document), *_not_compared(document), *_unknown(document)]
    for line in [*told, f"Held against {document.names[0]}. {MARKS_NOTE}"]:
        say(console, line)


def list_command(question: Question, sheet: Sheet) -> Exit:
    """Print the catalogue; return how the command ends."""
    try:
        catalogue = catalogue_of(question.catalogue)
    except Unusable as error:
        return error.code
    if sheet is Sheet.JSON:
        listed = catalogue.model_dump(mode="json", by_alias=True, exclude_none=True)
        typer.echo(json.dumps({**listed, "version": CATALOGUE_VERSION}, indent=1, ensure_ascii=False))
        return Exit.OK
    rows = [
        (
            *(model.id, model.name, model.family.value, str(model.year)),
            *(_shown(model.parameters.value if model.parameters else None, sheet), _data(model, sheet)),
            _shown(None if model.training_flop is None else float(model.training_flop.value), sheet),
        )
        for model in catalogue.models
    ]
    rows += [(each.id, each.name, "", "", "", "", _shown(each.flop.value, sheet)) for each in catalogue.landmarks]
    if sheet is Sheet.CSV:
        csv.writer(sys.stdout, lineterminator="\n").writerows([_HEADS, *rows])
        return Exit.OK
    table = figures_table(*_HEADS[:4], right=_HEADS[4:])
    for row in rows:
        add_row(table, *row)
    print_whole(wide_console(), table)
    return Exit.OK


def comparison_of(place: Place, question: Question, names: Sequence[str], grid: Fraction | None) -> CompareDocument:
    """Return trainings beside each other: of the catalogue, and of the books.

    Raises
    ------
    Unusable
        A name is of neither, or the books can't be read; that has been said.
    """
    if not names:
        complain(
            "ullage compare: expected names of the catalogue or of jobs, found none; --list lists the catalogue, and "
            "`ullage usage --by job` the jobs"
        )
        raise Unusable(Exit.INVALID)
    catalogue, kinds, moment = catalogue_of(question.catalogue), kinds_of(question.kinds), moment_of(question.as_of)
    known = {model.id: gap.footprint(model) for model in catalogue.models}
    known |= {each.id: gap.landmark_footprint(each) for each in catalogue.landmarks}
    if all(name in known for name in names):
        return compare_document(gap.compare([known[name] for name in names]))
    with place.reading() as ledger, ledger.books(moment) as books:
        reading = Reading(books, place.workdir, kinds, grid)
        jobs = jobs_of(books)
        named = _jobs_named([name for name in names if name not in known], jobs, known)
        found = [known[name] if name in known else job_footprint(reading, named[name], name) for name in names]
    return compare_document(gap.compare(found))


def grid_of(text: str) -> Fraction | None:
    """Return grams of CO2 for a kilowatt-hour; None is the world's average, which makes an estimate.

    Raises
    ------
    Unusable
        It is no such number; that has been said.
    """
    if text == str(gap.GRID_GRAMS_PER_KILOWATT_HOUR):
        return None
    if not re.fullmatch(r"\d{1,4}(\.\d{1,6})?", text):
        complain(f"--grid: expected grams of CO2 for a kilowatt-hour such as 475, found {text!r}")
        raise Unusable(Exit.INVALID)
    return Fraction(text)


def _jobs_named(names: Sequence[str], jobs: Sequence[JobName], models: dict[str, gap.Footprint]) -> dict[str, JobName]:
    found: dict[str, JobName] = {}
    problems: list[str] = []
    for name in names:
        fitting = [job for job in jobs if name in (job.job, str(job))]
        if len(fitting) == 1:
            found[name] = fitting[0]
        elif fitting:
            several = ", ".join(map(str, fitting))
            problems.append(f"{name}: expected one job, found {several}; name it with its namespace")
        else:
            there = [*models, *(job.job for job in jobs)]
            hint = did_you_mean(name, there) or "--list lists the catalogue, and `ullage usage --by job` the jobs"
            problems.append(f"{name}: expected a model of the catalogue or a job of these books, found neither; {hint}")
    if problems:
        complain("\n".join(problems))
        raise Unusable(Exit.INVALID)
    return found


def _not_compared(document: CompareDocument) -> list[str]:
    return [
        f"{quantity.quantity.replace('_', ' ')} of {cell.name} has no ratio: {cell.why_not_told}"
        for quantity in document.quantities
        for cell in quantity.cells
        if cell.figure is not None and cell.why_not not in (None, NoRatio.UNKNOWN)
    ]


def _unknown(document: CompareDocument) -> list[str]:
    lines = []
    for place, name in enumerate(document.names):
        missing = [each.quantity.replace("_", " ") for each in document.quantities if each.cells[place].figure is None]
        if missing:
            lines.append(f"Not known of {name}: {', '.join(missing)}")
    return lines


def _shown(value: float | None, sheet: Sheet) -> str:
    if value is None:
        return "?" if sheet is Sheet.TABLE else ""
    return number(value) if sheet is Sheet.TABLE else repr(value)


def _data(model: gap.ReferenceModel, sheet: Sheet) -> str:
    if model.data is None:
        return _shown(None, sheet)
    return f"{_shown(model.data.value, sheet)} {model.data.unit.value}"
