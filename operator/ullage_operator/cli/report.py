"""``ullage report``: the gap as one HTML page, with a plan and a comparison where they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer

from ullage_operator.report.document import ReportDocument

from .books import Place, Question, measure
from .compare import comparison_of
from .exits import Exit
from .gap import document_of
from .manifests import Unusable, complain
from .plan import plan_of
from .plan_request import Request, terms_of

_NEEDS = "expected the report's libraries, which are not installed here"


@dataclass(frozen=True)
class Contents:
    """What the page is to hold."""

    language: str
    budget: str | None
    """To plan with; no plan without one."""
    currency: str | None
    """The budget's."""
    method: str
    compared: tuple[str, ...]
    """Models and jobs; no comparison without."""


def report_command(place: Place, question: Question, contents: Contents, output: Path | None) -> Exit:
    """Write the page; return how the command ends."""
    try:
        text = _page(place, question, contents)
    except Unusable as error:
        return error.code
    if output is None:
        typer.echo(text, nl=False)
        return Exit.OK
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        complain(f"{output}: expected a file that can be written, found: {error.strerror}; name another")
        return Exit.ENVIRONMENT
    typer.echo(f"{output}: written, {len(text.encode()):,} bytes; it needs nothing beside it")
    return Exit.OK


def _page(place: Place, question: Question, contents: Contents) -> str:
    if (contents.budget is None) != (contents.currency is None):
        given, other = ("--budget", "--currency") if contents.currency is None else ("--currency", "--budget")
        complain(f"{given}: expected {other} beside it, found none")
        raise Unusable(Exit.INVALID)
    try:
        from ullage_operator.report.page import Language, render_page  # noqa: PLC0415 - only where it is installed
    except ImportError as error:
        complain(f"{_NEEDS} ({error.name}); pip install 'ullage[report]'")
        raise Unusable(Exit.ENVIRONMENT) from error
    measured = measure(place, question)
    plan = None
    if contents.budget is not None and contents.currency is not None:
        request = Request(contents.budget, contents.currency, contents.method)
        plan = plan_of(measured, terms_of(request, measured.standing.report)).document
    comparison = comparison_of(place, question, contents.compared, None) if contents.compared else None
    document = ReportDocument(gap=document_of(measured, trend=True), plan=plan, comparison=comparison)
    return render_page(document, Language(contents.language))
