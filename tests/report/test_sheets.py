"""CSV: a row a figure, nothing that a spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace

import pytest

from gap.vessel import A100, INPUTS, NOVEMBER, figure, needs
from report.examples import ABOUT, compared, odd, planned, worked
from ullage_operator.gap import Institution, gap_report
from ullage_operator.report import GapDocument, compare_csv, gap_csv, gap_document, plan_csv


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_has_a_figure_with_unit_provenance_scope_and_period() -> None:
    (found,) = [
        row
        for row in rows(gap_csv(worked()))
        if (row["of"], row["name"], row["type"], row["measure"]) == ("institution", "north", "A100", "used")
    ]
    assert found == {
        "of": "institution",
        "name": "north",
        "resource": "compute",
        "type": "A100",
        "measure": "used",
        "value": "300.0",
        "low": "",
        "high": "",
        "unit": "acceleratorHours",
        "provenance": "measured",
        "basis": "books",
        "books": "here",
        "detail": "",
        "period_start": "2026-11-01T00:00:00.000Z",
        "period_end": "2026-12-01T00:00:00.000Z",
        "as_of": "2026-12-01T00:00:00.000Z",
    }


def test_what_is_unknown_is_an_empty_cell_that_says_unknown() -> None:
    found = {
        row["measure"]: row for row in rows(gap_csv(odd())) if row["name"] == "delta" and row["of"] == "institution"
    }
    assert [(found[name]["value"], found[name]["unit"], found[name]["provenance"]) for name in ("gap", "coverage")] == [
        ("", "acceleratorHours", "unknown"),
        ("", "ratio", "unknown"),
    ]


def test_an_estimate_has_its_bounds_beside_it() -> None:
    (found,) = [row for row in rows(gap_csv(odd())) if (row["name"], row["measure"]) == ("coast", "required")]
    assert (found["value"], found["low"], found["high"], found["provenance"]) == (
        "900.0",
        "700.0",
        "1200.0",
        "estimated",
    )


def test_months_and_all_institutions_have_rows_of_their_own() -> None:
    found = [(row["of"], row["name"], row["value"]) for row in rows(gap_csv(worked())) if row["measure"] == "supply"]
    assert ("total", "", "3500.0") in found
    assert ("month", "2026-12", "800.0") in found
    assert ("country", "CN", "1340.0") in found


def test_each_institution_has_rows_of_each_month_and_no_row_is_there_twice() -> None:
    found = rows(gap_csv(worked()))
    months = [
        (row["period_start"][:7], row["value"])
        for row in found
        if (row["of"], row["name"], row["type"], row["measure"]) == ("institutionMonth", "south", "A100", "required")
    ]
    assert months == [("2026-11", "1000.0"), ("2026-12", "")]
    (net,) = [
        row["value"]
        for row in found
        if (row["of"], row["measure"], row["period_start"][:7]) == ("month", "net", "2026-11")
    ]
    assert net == "220600.0"
    names = ("of", "name", "resource", "type", "measure", "detail", "period_start")
    keys = [tuple(row[each] for each in names) for row in found]
    assert sorted(set(keys)) == sorted(keys)


def test_a_group_has_rows_of_its_sums_its_money_its_bottleneck_and_its_disparity() -> None:
    found = {
        (row["of"], row["type"], row["measure"]): (row["value"], row["unit"])
        for row in rows(gap_csv(worked()))
        if row["name"] == "CN"
    }
    hours = "acceleratorHours"
    wanted = {
        ("country", "A100", "required"): ("3000.0", hours),
        ("country", "A100", "own"): ("540.0", hours),
        ("country", "A100", "granted"): ("800.0", hours),
        ("country", "A100", "coverage"): (str(67 / 150), "ratio"),
        ("country", "A100", "bottleneck"): (str(67 / 150), "ratio"),
        ("country", "", "gross"): ("213800.0", "CNY"),
        ("country", "", "net"): ("203800.0", "CNY"),
        ("country", "engineer", "cost"): ("180600.0", "CNY"),
        ("countrySpread", "A100", "gini"): (str(140 / 2 / 1340), "ratio"),
    }
    assert {key: found.get(key) for key in wanted} == wanted
    assert ("countrySpreadByNeed", "A100", "theil") in found


def test_what_is_no_line_of_an_institution_has_rows_too() -> None:
    def found(document: GapDocument, *wanted: tuple[str, str, str]) -> dict[tuple[str, ...], list[tuple[str, ...]]]:
        keys = {
            key: [
                (row["type"], row["value"], row["unit"], row["detail"])
                for row in rows(gap_csv(document))
                if (row["of"], row["name"], row["measure"]) == key and row["type"] in ("A100", "engineer", "")
            ]
            for key in wanted
        }
        assert [key for key, each in keys.items() if not each] == []
        return keys

    assert found(
        worked(),
        ("institution", "south", "bottleneck"),
        ("account", "abroad:DE", "moved"),
        ("course", "north", "learner_hours"),
        ("course", "north", "completers"),
        ("nodes", "here", "capacity"),
        ("nodes", "here", "rest"),
        ("nodes", "here", "rest_share"),
        ("spread", "", "frontier_ratio"),
    ) == {
        ("institution", "south", "bottleneck"): [("engineer", "0.7", "ratio", "")],
        ("account", "abroad:DE", "moved"): [("engineer", "43.0", "hours", "")],
        ("course", "north", "learner_hours"): [("", "100.0", "hours", "2026-12-01T00:00:00.000Z")],
        ("course", "north", "completers"): [("", "4.0", "people", "2026-12-01T00:00:00.000Z")],
        ("nodes", "here", "capacity"): [("A100", "2880.0", "acceleratorHours", "notHeldByUllage")],
        ("nodes", "here", "rest"): [("A100", "2160.0", "acceleratorHours", "notHeldByUllage")],
        ("nodes", "here", "rest_share"): [("A100", "0.75", "ratio", "notHeldByUllage")],
        ("spread", "", "frontier_ratio"): [
            ("A100", "1.0", "ratio", "forge"),
            ("A100", "3.6", "ratio", "north"),
            ("A100", str(108 / 37), "ratio", "south"),
            ("engineer", "1.0", "ratio", "forge"),
            ("engineer", "2.0", "ratio", "north"),
            ("engineer", str(774 / 301), "ratio", "south"),
        ],
    }
    by_need = ("spreadByNeed", "", "left_out")
    counted = ("spreadByNeed", "", "units")
    without = ("total", "", "need_unknown")
    assert found(odd(), by_need, counted, without) == {
        by_need: [
            ("A100", "1.0", "institutions", "delta: needAmountUnknown"),
            ("A100", "1.0", "institutions", "escarp: needsNothing"),
        ],
        counted: [("A100", "4.0", "institutions", ""), ("engineer", "3.0", "institutions", "")],
        without: [("A100", "1.0", "institutions", "delta")],
    }


def test_a_lorenz_curve_has_a_row_a_share_of_each_point() -> None:
    shares = {
        measure: [
            (float(row["value"]), row["detail"])
            for row in rows(gap_csv(odd()))
            if (row["of"], row["type"], row["measure"]) == ("spread", "A100", measure)
        ]
        for measure in ("lorenz_weight_share", "lorenz_amount_share")
    }
    (spread,) = [each for each in odd().spreads if each.thing.type == "A100" and not each.by_need]
    assert shares == {
        "lorenz_weight_share": [(point.weight_share, str(place)) for place, point in enumerate(spread.lorenz)],
        "lorenz_amount_share": [(point.amount_share, str(place)) for place, point in enumerate(spread.lorenz)],
    }
    assert len(spread.lorenz) == 7


def test_a_sum_that_is_a_lower_bound_says_so_and_what_has_no_price_is_listed() -> None:
    found = rows(gap_csv(worked()))
    money = [
        (row["name"], row["measure"], row["detail"])
        for row in found
        if row["of"] == "institution" and row["measure"] in ("gross", "awarded", "net") and row["name"] != "south"
    ]
    assert money == [
        *(("forge", measure, "") for measure in ("gross", "awarded", "net")),
        *(("north", measure, told) for measure, told in (("gross", "atLeast"), ("awarded", ""), ("net", "atLeast"))),
    ]
    (unpriced,) = [row for row in found if row["measure"] == "unpriced_gap"]
    assert (unpriced["name"], unpriced["type"], unpriced["value"], unpriced["detail"]) == (
        "north",
        "text",
        "101760000000.0",
        "CNY",
    )


@pytest.mark.parametrize("document", [worked(), odd()], ids=["worked", "odd"])
def test_every_figure_of_the_document_is_in_the_sheet(document: GapDocument) -> None:
    told = {float(row["value"]) for row in rows(gap_csv(document)) if row["value"]}

    def values(part: object) -> Iterator[float]:
        if isinstance(part, dict):
            if "value" in part:
                yield part["value"]
            for each in part.values():
                yield from values(each)
        elif isinstance(part, list):
            for each in part:
                yield from values(each)

    assert set(values(document.to_json())) - told == set()


def test_a_name_that_looks_like_a_formula_is_text() -> None:
    name = "=cmd|' /C calc'!A0"
    inputs = replace(
        INPUTS,
        institutions=(*INPUTS.institutions, Institution(name, "CN", "other")),
        requirements=(*INPUTS.requirements, needs(name, A100, figure(1))),
    )
    text = gap_csv(gap_document(gap_report(inputs, NOVEMBER), ABOUT))
    assert {row["name"] for row in rows(text) if row["name"].endswith("A0")} == {f"'{name}"}


def test_a_negative_number_stays_a_number() -> None:
    (found,) = [
        row["value"]
        for row in rows(gap_csv(worked()))
        if (row["of"], row["name"], row["measure"]) == ("institution", "forge", "moved")
    ]
    assert found == "-86.0"


def test_a_plan_has_its_variants_and_lines() -> None:
    found = [
        (row["budget_change"], row["name"], row["value"], row["unit"])
        for row in rows(plan_csv(planned()))
        if row["measure"] in ("amount", "budget")
    ]
    assert found[:5] == [
        ("-0.2", "", "20800.0", "CNY"),
        ("-0.2", "forge", "110.0", "acceleratorHours"),
        ("-0.2", "north", "913.3333333333334", "acceleratorHours"),
        ("-0.2", "south", "16.666666666666668", "acceleratorHours"),
        ("0.0", "", "26000.0", "CNY"),
    ]


def test_a_comparison_has_source_scope_and_ratio() -> None:
    found = [row for row in rows(compare_csv(compared())) if row["quantity"] == "energy_kilowatt_hours"]
    assert [(row["name"], row["value"], row["provenance"], row["ratio"]) for row in found] == [
        ("bloom", "433196.0", "declared", "1.0"),
        ("gpt-3", "", "unknown", ""),
        ("llama-65b", "449800.0", "declared", ""),
    ]
    assert found[2]["why_no_ratio"] == "with the building (PUE 1.1) is not IT equipment (PUE 1)"
