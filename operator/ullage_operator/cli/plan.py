"""``ullage plan``: a budget shared out over gaps, what that changes, and what a fifth less or more would."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import typer
from rich.console import Console

from ullage_operator import gap
from ullage_operator.gap.plan import STEP
from ullage_operator.report import PlanDocument, plan_csv, plan_document
from ullage_operator.report.plan_document import NotPlanned

from .books import Measured, Place, Question, measure
from .cells import add_row, figures_table, share, thing_cells
from .exits import Exit
from .manifests import Unusable, complain
from .options import PlanSheet
from .plan_manifest import Offer, investment
from .plan_request import Request, Terms, terms_of
from .standing_tables import MARKS_NOTE, plan_table, variants_table
from .tables import print_whole, say, wide_console

_WHY: Final = {
    NotPlanned.SHARED: "data is not used up: buy it once for all",
    NotPlanned.NEED_AMOUNT: "its need is not known",
    NotPlanned.NO_PRICE: "it has no price in {currency}; add one to a PriceList",
}


@dataclass(frozen=True)
class Planned:
    """A plan with its neighbours, and its document."""

    plans: Sequence[gap.Plan]
    document: PlanDocument
    remarks: tuple[str, ...]
    """What could not be planned beside it."""

    @property
    def chosen(self) -> gap.Plan:
        """The plan for the budget that was asked for."""
        return self.plans[len(self.plans) // 2]


def plan_command(place: Place, question: Question, request: Request, offer: Offer, sheet: PlanSheet) -> Exit:
    """Print a plan; return how the command ends."""
    try:
        measured = measure(place, question)
        planned = plan_of(measured, terms_of(request, measured.standing.report))
        if sheet is PlanSheet.MANIFEST:
            typer.echo(investment(planned.chosen, measured.standing.report.period, offer), nl=False)
            return Exit.OK
    except Unusable as error:
        return error.code
    if sheet is PlanSheet.JSON:
        typer.echo(json.dumps(planned.document.to_json(), indent=1, ensure_ascii=False))
    elif sheet is PlanSheet.CSV:
        typer.echo(plan_csv(planned.document), nl=False)
    else:
        print_plan(wide_console(), planned)
    for remark in planned.remarks:
        complain(remark)
    return Exit.OK


def plan_of(measured: Measured, terms: Terms) -> Planned:
    """Return the plan for a budget, and those for a fifth less and more where there are such.

    Raises
    ------
    Unusable
        There is nothing to plan for, the method does not fit it, or no plan meets the limits; that has been said.
    """
    report = measured.standing.report
    found, skipped = gap.candidates(
        report, measured.standing.inputs.prices, terms.currency, subjects=terms.subjects, weights=terms.weights
    )
    if not found:
        reasons = "; ".join(dict.fromkeys(f"{each.institution}, {each.subject}: {each.why}" for each in skipped))
        complain(
            f"plan: expected a need with a price in {terms.currency} in this period, found none"
            + (f" ({reasons})" if reasons else "; `ullage declare` posts Institutions and PriceLists")
        )
        raise Unusable(Exit.INVALID)
    try:
        asked = _share_out(found, terms.budget, terms)
    except ValueError as error:
        complain(f"plan: {error}")
        raise Unusable(Exit.INVALID) from error
    neighbours: list[gap.Plan] = []
    remarks: list[str] = []
    for budget, words in ((terms.budget * (1 - STEP), "less"), (terms.budget * (1 + STEP), "more")):
        try:
            neighbours.append(_share_out(found, budget, terms))
        except gap.PlanImpossible as error:
            remarks.append(f"plan: with a fifth {words} no plan meets the limits ({error}); it stands alone")
    plans = [neighbours[0], asked, neighbours[1]] if not remarks else [asked]
    return Planned(plans, plan_document(plans, report, measured.about, skipped=skipped), tuple(remarks))


def _share_out(found: Sequence[gap.Candidate], budget: Fraction, terms: Terms) -> gap.Plan:
    made = gap.constrained_plan(found, budget, terms.method, terms.limits, currency=terms.currency)
    return made.whole() if terms.whole else made


def print_plan(console: Console, planned: Planned) -> None:
    """Print a plan as tables: what is given, before and after, and what a fifth less and more would do."""
    document = planned.document
    say(
        console,
        f"{document.period.start[:16]}Z to {document.period.end[:16]}Z, as of {document.as_of}; method "
        f"{document.method}, amounts in {document.currency}, at the prices in force at the period's end. {MARKS_NOTE}",
    )
    say(console, "\nWhat is given, and what that changes")
    print_whole(console, plan_table(document))
    say(console, "\nThe budget, and a fifth less and more")
    print_whole(console, variants_table(document))
    say(console, "\nDisparity (Gini) before and after, with what is planned for: 0 is even")
    table = figures_table("what", "of", right=("before", "after"))
    for spread in document.chosen.spreads:
        cells = ("?" if each is None else f"{each.value:.4f}" for each in (spread.gini_before, spread.gini_after))
        add_row(table, thing_cells(spread.thing)[0], "S / R by need" if spread.by_need else "S", *cells)
    print_whole(console, table)
    if document.chosen.level is not None:
        level = document.chosen.level
        say(console, f"What is levelled rises to {share(level) if level.unit == 'ratio' else f'{level.value:,.2f}'}.")
    if document.skipped:
        say(console, "\nNot planned for")
        for each in document.skipped:
            why = _WHY[each.why].format(currency=document.currency)
            say(console, f"  {each.institution}, {thing_cells(each.thing)[0]}: {why}")
