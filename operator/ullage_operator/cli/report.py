"""``ullage report``: all of a period in one, as a page, as tables, as JSON or as one sheet."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer

from ullage_operator.report import report_csv
from ullage_operator.report.document import ReportDocument

from .books import Measured, Place, Question, measure
from .compare import comparison_of, print_comparison
from .exits import Exit
from .gap import document_of, nothing_declared, print_report_gap
from .manifests import Unusable, complain
from .options import Lang, ReportForm
from .plan import Planned, plan_of, print_plan
from .plan_request import Request, terms_of
from .tables import say, wide_console

MONTHS_BEFORE: Final = 12
"""A report of one month has as many before it at most: so its trend is a curve, up to the same month a year ago."""
_NEEDS: Final = "expected the report's libraries, which are not installed here"


@dataclass(frozen=True)
class Contents:
    """What the report is to hold beside the gap."""

    budget: str | None
    """To plan with; no plan without one."""
    currency: str | None
    """The budget's."""
    method: str
    resources: tuple[str, ...]
    """What alone to plan for, each as RESOURCE/TYPE."""
    compared: tuple[str, ...]
    """Models and jobs; no comparison without."""


@dataclass(frozen=True)
class Written:
    """How the report is written, and where."""

    form: ReportForm
    language: Lang
    """The page's."""
    file: Path | None
    """Standard output unless given."""


@dataclass(frozen=True)
class Found:
    """What was measured, planned and compared."""

    measured: Measured
    planned: Planned | None
    document: ReportDocument


def report_command(place: Place, question: Question, contents: Contents, written: Written) -> Exit:
    """Write the report; return how the command ends."""
    try:
        text = _text(_found(place, question, contents), written)
    except Unusable as error:
        return error.code
    if written.file is None:
        typer.echo(text, nl=False)
        return Exit.OK
    try:
        written.file.write_text(text, encoding="utf-8")
    except OSError as error:
        complain(f"{written.file}: expected a file that can be written, found: {error.strerror}; name another")
        return Exit.ENVIRONMENT
    beside = "; it needs nothing beside it" if written.form is ReportForm.HTML else ""
    typer.echo(f"{written.file}: written, {len(text.encode()):,} bytes{beside}")
    return Exit.OK


def _found(place: Place, question: Question, contents: Contents) -> Found:
    if (contents.budget is None) != (contents.currency is None):
        given, other = ("--budget", "--currency") if contents.currency is None else ("--currency", "--budget")
        complain(f"{given}: expected {other} beside it, found none")
        raise Unusable(Exit.INVALID)
    measured = measure(place, question, months_before=MONTHS_BEFORE)
    planned = None
    if contents.budget is not None and contents.currency is not None:
        request = Request(contents.budget, contents.currency, contents.method, contents.resources)
        planned = plan_of(measured, terms_of(request, measured.standing.report))
    comparison = comparison_of(place, question, contents.compared, None) if contents.compared else None
    document = ReportDocument(
        gap=document_of(measured, trend=True), plan=planned.document if planned else None, comparison=comparison
    )
    return Found(measured, planned, document)


def _text(found: Found, written: Written) -> str:
    if written.form is ReportForm.JSON:
        return json.dumps(found.document.to_json(), indent=1, ensure_ascii=False) + "\n"
    if written.form is ReportForm.CSV:
        return report_csv(found.document)
    if written.form is ReportForm.TABLE:
        return _tables(found)
    try:
        from ullage_operator.report.page import Language, render_page  # noqa: PLC0415 - only where it is installed
    except ImportError as error:
        complain(f"{_NEEDS} ({error.name}); pip install 'ullage[report]'")
        raise Unusable(Exit.ENVIRONMENT) from error
    return render_page(found.document, Language(written.language.value))


def _tables(found: Found) -> str:
    text = io.StringIO()
    console, document = wide_console(text), found.document
    if document.gap.lines or document.gap.unattributed or document.gap.undeclared:
        print_report_gap(console, document.gap, found.measured.standing.unknown)
    else:
        say(console, nothing_declared(document.gap))
    if found.planned:
        say(console, "\nThe plan")
        print_plan(console, found.planned)
    if document.comparison:
        say(console, "\nBeside published models")
        print_comparison(console, document.comparison)
    return text.getvalue()
