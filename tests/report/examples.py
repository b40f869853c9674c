"""Documents to test with: the worked example, and five institutions with all that can be odd about them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache

from gap.vessel import A100, BOTH, DECEMBER, INPUTS, NOVEMBER, OwnCapacity, held, needs
from ullage_operator.gap import (
    Allocation,
    Figure,
    Inputs,
    Institution,
    Method,
    Provenance,
    Requirement,
    Term,
    candidates,
    compare,
    estimated,
    footprint,
    gap_report,
    grouped,
    published,
    trend,
    with_neighbours,
)
from ullage_operator.report import (
    About,
    CompareDocument,
    GapDocument,
    PlanDocument,
    ReportDocument,
    compare_document,
    gap_document,
    plan_document,
)
from ullage_operator.report.page import Language, render_page

ABOUT = About(DECEMBER.start_ms, frozenset({"here"}))
HOSTILE = "<script>alert(1)</script>&\"'"
WORKED = gap_report(INPUTS, NOVEMBER)

ODD = replace(
    INPUTS,
    institutions=(
        *INPUTS.institutions,
        Institution("coast", "FR", "university"),
        Institution("delta", "KE", "observatory"),
        Institution("escarp", "BR", "university"),
    ),
    requirements=(
        *INPUTS.requirements,
        Requirement("coast", A100, estimated(Fraction(900), Fraction(700), Fraction(1200)), NOVEMBER),
        Requirement("delta", A100, None, NOVEMBER),
        needs("escarp", A100, Figure(Fraction(0))),
    ),
    capacities=(*INPUTS.capacities, OwnCapacity("coast", A100, 1, Fraction(1, 2), Term(NOVEMBER.start_ms))),
    allocations=(
        *INPUTS.allocations,
        held("delta", 30, 0, None),
        Allocation(None, A100, NOVEMBER, Figure(Fraction(5), Provenance.MEASURED), Fraction(0), None, "here"),
    ),
)


def worked() -> GapDocument:
    """Return the document of the specification's worked example."""
    groups = {
        "country": grouped(INPUTS, WORKED, lambda each: each.country),
        "kind": grouped(INPUTS, WORKED, lambda each: each.kind),
    }
    return gap_document(WORKED, ABOUT, trend=trend(INPUTS, BOTH), groups=groups)


def odd(inputs: Inputs = ODD, names: dict[str, str] | None = None) -> GapDocument:
    """Return a document with an estimate, unknowns and enough institutions for a Lorenz curve."""
    return gap_document(gap_report(inputs, NOVEMBER), replace(ABOUT, names=names or {}))


def planned(method: Method = Method.COVERAGE) -> PlanDocument:
    """Return the plan of the worked example: 26,000 CNY of compute, levelled on coverage unless told otherwise."""
    found, skipped = candidates(WORKED, INPUTS.prices, "CNY")
    compute = [each for each in found if each.subject == A100]
    plans = with_neighbours(compute, Fraction(26_000), method, currency="CNY")
    return plan_document(plans, WORKED, ABOUT, skipped=skipped)


def compared() -> CompareDocument:
    """Return two published models beside a third."""
    models = {model.id: model for model in published().models}
    return compare_document(compare([footprint(models[name]) for name in ("bloom", "gpt-3", "llama-65b")]))


@cache
def rendered(language: Language = Language.ENGLISH) -> str:
    """Return the page of the worked example, with its plan and a comparison."""
    return render_page(whole(), language)


@cache
def rendered_odd(language: Language = Language.ENGLISH) -> str:
    """Return the page of what is odd, with its plan and a comparison."""
    return render_page(whole(odd()), language)


def whole(gap: GapDocument | None = None) -> ReportDocument:
    """Return a report with all parts."""
    return ReportDocument(gap=gap or worked(), plan=planned(), comparison=compared())
