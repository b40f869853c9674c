"""Documents: the keys, the figures of the worked example, what is unknown, and the way back."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from report.examples import ABOUT, ODD, WORKED, compared, odd, planned, whole, worked
from ullage_operator.gap import Method
from ullage_operator.report import CompareDocument, GapDocument, PlanDocument, ReportDocument, plan_document
from ullage_operator.report.gap_parts import GroupLine, Unknown
from ullage_operator.report.parts import Quantity
from ullage_operator.report.spread_parts import LeftOut, NoCurve

NAMES = ("north", "south", "forge")
UNIT = "acceleratorHours"


def told(value: float, basis: str, *, unit: str = UNIT, provenance: str = "declared", books: tuple[str, ...] = ()):
    scope: dict[str, JsonValue] = {"basis": basis, "books": [*books], "detail": ""}
    return {"value": value, "unit": unit, "provenance": provenance, "low": None, "high": None, "scope": scope}


def supplied(value: float, unit: str = UNIT):
    return told(value, "declarationsAndGrants", unit=unit)


def booked(value: float, unit: str = UNIT):
    return told(value, "books", unit=unit, provenance="measured", books=("here",))


def values(document: GapDocument, resource: str, measure: str) -> list[float | None]:
    lines = {line.institution: line for line in document.lines if line.thing.resource == resource}
    found = [getattr(lines[name], measure) for name in NAMES]
    return [each.value if isinstance(each, Quantity) else None for each in found]


def total(document: GapDocument, resource: str) -> GroupLine:
    return next(each for each in document.totals if each.thing.resource == resource)


def test_a_line_says_of_every_figure_its_unit_how_it_is_known_and_what_it_covers() -> None:
    line = next(each for each in worked().lines if (each.institution, each.thing.type) == ("north", "A100"))
    assert line.model_dump(mode="json") == {
        "institution": "north",
        "thing": {"resource": "compute", "type": "A100", "unit": UNIT},
        "required": told(2000, "declarations"),
        "own": told(0, "declarations"),
        "granted": told(600, "grants"),
        "moved": None,
        "supply": supplied(600),
        "gap": supplied(1400),
        "gap_fte": None,
        "surplus": supplied(0),
        "coverage": supplied(0.3, "ratio"),
        "use": {
            "allocated": booked(500),
            "measured": booked(400),
            "measured_share": booked(0.8, "ratio"),
            "used": booked(300),
            "unmeasured": booked(100),
            "idle": booked(100),
            "intensity": booked(0.75, "ratio"),
        },
        "own_allocated": booked(0),
        "unknown": ["usePartlyMeasured"],
        "need_lacks": None,
        "need_ended": None,
    }


def test_the_figures_of_the_worked_example_are_those_of_the_specification() -> None:
    document = worked()
    assert values(document, "compute", "supply") == [600, 740, 2160]
    assert values(document, "compute", "gap") == [1400, 260, 840]
    assert values(document, "compute", "coverage") == [0.3, 0.74, 0.72]
    assert values(document, "compute", "own_allocated") == [0, None, None]
    assert values(document, "talent", "gap_fte") == [3.3, 0.9, 0]
    assert values(document, "data", "supply") == [48e9, 48e9, 40e9]
    compute, talent, data = (total(document, each) for each in ("compute", "talent", "data"))
    assert (compute.supply.value, compute.gap) == (3500, Quantity.model_validate(supplied(2500)))
    assert talent.gap_fte == Quantity.model_validate(supplied(4.2, "fte"))
    assert (data.supply.value, data.gap, data.required) == (88e9, None, None)
    assert [(each.institution, each.gross.value, each.net.value, each.at_least) for each in document.money] == [
        ("forge", 16_800, 16_800, False),
        ("north", 169_900, 169_900, True),
        ("south", 43_900, 33_900, False),
    ]
    (money,) = document.money_totals
    assert (money.institution, money.gross.value, money.net.value) == (None, 230_600, 220_600)
    assert [(each.holder, each.hours.value) for each in document.moved] == [
        ("abroad:DE", 43),
        ("forge", -86),
        ("north", -43),
        ("south", 86),
    ]


def test_a_group_has_what_an_institution_has() -> None:
    groups = {(each.by, each.name): each for each in worked().groups}
    assert [*groups] == [
        ("country", "CN"),
        ("country", "DE"),
        ("kind", "company"),
        ("kind", "institute"),
        ("kind", "university"),
    ]
    china = groups["country", "CN"]
    assert (china.members, china.bottleneck and china.bottleneck.model_dump(mode="json")) == (
        ("north", "south"),
        {"thing": {"resource": "compute", "type": "A100", "unit": UNIT}, "met": supplied(67 / 150, "ratio")},
    )
    (compute,) = [each for each in china.totals if each.thing.type == "A100"]
    assert compute.model_dump(mode="json", exclude={"thing", "use"}) == {
        "members": ["north", "south"],
        "required": told(3000, "declarations"),
        "own": told(540, "declarations"),
        "granted": told(800, "grants"),
        "moved": None,
        "supply": supplied(1340),
        "pooled": told(0, "grants"),
        "gap": supplied(1660),
        "gap_after_pools": supplied(1660),
        "gap_fte": None,
        "surplus": supplied(0),
        "coverage": supplied(67 / 150, "ratio"),
        "met": supplied(67 / 150, "ratio"),
        "own_allocated": None,
        "need_unknown": [],
    }
    assert [(each.gross.value, each.awarded.value, each.net.value, each.at_least) for each in china.money] == [
        (213_800, 10_000, 203_800, True)
    ]
    # S of 600 and 740; S / R of .3 and .74, weighted by 2,000 and 1,000.
    found = [each.gini and each.gini.value for each in china.spreads if each.thing.type == "A100"]
    assert found == [140 / 2 / 1340, pytest.approx(2 / 3 * 1 / 3 * 0.44 / (1340 / 3000))]


def test_disparity_is_told_by_supply_and_by_need_with_the_reason_for_no_curve() -> None:
    found = [each for each in worked().spreads if each.thing.type == "A100"]
    assert [(each.by_need, each.units, each.no_lorenz) for each in found] == [
        (False, 3, NoCurve.TOO_FEW),
        (True, 3, NoCurve.TOO_FEW),
    ]
    assert [each.gini.value for each in found if each.gini] == [52 / 175, 173 / 1050]
    assert {each.institution: each.ratio.value for each in found[0].frontier if each.ratio} == {
        "north": 3.6,
        "south": 108 / 37,
        "forge": 1,
    }


def test_what_is_unknown_is_null_and_says_why() -> None:
    lines = {line.institution: line for line in odd().lines if line.thing.type == "A100"}
    delta = lines["delta"]
    assert (delta.required, delta.gap, delta.coverage, delta.use.used) == (None, None, None, None)
    assert delta.unknown == (Unknown.NEED_AMOUNT, Unknown.USE_PARTLY)
    assert total(odd(), "compute").need_unknown == ("delta",)
    by_need = next(each for each in odd().spreads if each.thing.type == "A100" and each.by_need)
    assert {each.institution: each.why for each in by_need.left_out} == {
        "delta": LeftOut.NEED_AMOUNT,
        "escarp": LeftOut.NEEDS_NOTHING,
    }


def test_an_estimate_keeps_its_bounds() -> None:
    coast = next(line for line in odd().lines if line.institution == "coast")
    assert coast.gap is not None
    assert (coast.gap.provenance, coast.gap.low, coast.gap.value, coast.gap.high) == ("estimated", 340, 540, 840)


def test_a_lorenz_curve_is_there_from_five_institutions_on() -> None:
    spread = next(each for each in odd().spreads if each.thing.type == "A100" and not each.by_need)
    assert (spread.units, spread.no_lorenz) == (6, None)
    assert [(point.weight_share, point.amount_share) for point in (spread.lorenz[0], spread.lorenz[-1])] == [
        (0, 0),
        (1, 1),
    ]


def test_a_plan_stands_between_a_fifth_less_and_a_fifth_more() -> None:
    document = planned()
    found = [
        (each.budget_change, each.budget.value, each.gap_cost_after.value, each.level and each.level.value)
        for each in document.variants
    ]
    assert found == [
        (-0.2, 20_800, 29_200, 227 / 300),
        (0, 26_000, 24_000, 0.8),
        (0.2, 31_200, 18_800, 253 / 300),
    ]
    assert [(line.institution, line.amount.value) for line in document.chosen.lines] == [
        ("forge", 240),
        ("north", 1000),
        ("south", 60),
    ]
    assert [line.coverage_after and line.coverage_after.value for line in document.chosen.lines] == [0.8] * 3
    assert [(each.institution, each.why.value) for each in document.skipped] == [
        (name, "dataIsShared") for name in ("forge", "north", "south")
    ]
    (spread,) = [each for each in document.chosen.spreads if each.by_need]
    assert (spread.gini_before and spread.gini_before.value, spread.gini_after and spread.gini_after.value) == (
        173 / 1050,
        0,
    )


def test_a_plan_needs_one_in_the_middle() -> None:
    with pytest.raises(ValueError, match="expected one, or one with as many before as after it, found 0"):
        plan_document([], WORKED, ABOUT)


def test_a_comparison_cites_its_sources_and_says_why_there_is_no_ratio() -> None:
    document = compared()
    hours = next(each for each in document.quantities if each.quantity == "accelerator_hours")
    assert document.names == ("bloom", "gpt-3", "llama-65b")
    assert [(cell.name, cell.ratio, cell.why_not and cell.why_not.value) for cell in hours.cells] == [
        ("bloom", 1, None),
        ("gpt-3", None, "unknown"),
        ("llama-65b", 1022362 / 1082990, None),
    ]
    assert hours.cells[0].source == "Luccioni, Viguier, Ligozat 2022, arXiv:2211.02001"
    energy = next(each for each in document.quantities if each.quantity == "energy_kilowatt_hours")
    assert [cell.why_not and cell.why_not.value for cell in energy.cells] == [None, "unknown", "otherKind"]


@pytest.mark.parametrize(
    "document", [worked(), odd(ODD), planned(), compared(), whole()], ids=["worked", "odd", "plan", "compare", "whole"]
)
def test_a_document_comes_back_from_its_json(
    document: GapDocument | PlanDocument | CompareDocument | ReportDocument,
) -> None:
    assert type(document).from_json(document.model_dump_json()) == document


@pytest.mark.parametrize(
    ("method", "level", "unit"), [(Method.COVERAGE, 0.8, "ratio"), (Method.HOLDINGS, 1640, "acceleratorHours")]
)
def test_a_level_is_in_what_the_method_levels(method: Method, level: float, unit: str) -> None:
    found = planned(method).chosen.level
    assert found is not None
    assert (found.value, found.unit) == (level, unit)
