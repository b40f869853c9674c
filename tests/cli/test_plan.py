"""``ullage plan``: the specification's plans through the command, and as manifests that carry them out."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
import yaml

from cli.office import KIND, Office, expected
from ullage_operator.cli.options import PlanMethod
from ullage_operator.gap import Method

A100 = ("--resource", "compute/A100")
PLAN = ("plan", "--period", "2026-11", "--currency", "CNY", *KIND)


def given(document: Any, variant: int) -> list[float]:
    by_name = {line["institution"]: line["amount"]["value"] for line in document["variants"][variant]["lines"]}
    return [by_name[name] for name in ("north", "south", "forge")]


def test_the_methods_of_the_command_are_those_of_the_plan() -> None:
    assert [each.value for each in PlanMethod] == [each.value for each in Method]


def test_levelling_on_coverage_gives_what_the_specification_says_for_three_budgets(vessel: Office) -> None:
    document = vessel.json(*PLAN, "--budget", "26000", *A100)
    assert [each["budget"]["value"] for each in document["variants"]] == [20800, 26000, 31200]
    assert [given(document, variant) for variant in range(3)] == [
        [pytest.approx(2740 / 3), pytest.approx(50 / 3), 110],
        [1000, 60, 240],
        [pytest.approx(3260 / 3), pytest.approx(310 / 3), 370],
    ]
    assert [each["gap_cost_after"]["value"] for each in document["variants"]] == [29200, 24000, 18800]
    assert [each["least_coverage_after"]["value"] for each in document["variants"]] == [
        pytest.approx(227 / 300),
        0.8,
        pytest.approx(253 / 300),
    ]


def test_the_other_methods_give_what_the_specification_says(vessel: Office) -> None:
    holdings = vessel.json(*PLAN, "--budget", "26000", *A100, "--method", "holdings")
    assert given(holdings, 1) == [1040, 260, 0]
    proportional = vessel.json(*PLAN, "--budget", "25000", *A100, "--method", "proportional")
    assert given(proportional, 1) == [700, 130, 420]
    weighted = vessel.json(*PLAN, "--budget", "6000", *A100, "--method", "max-min", "--weights", "north=2")
    assert given(weighted, 1) == [150, 75, 75]


def test_weights_may_come_from_a_file(vessel: Office) -> None:
    (vessel.root / "weights.yaml").write_text("north: 2\n")
    document = vessel.json(*PLAN, "--budget", "6000", *A100, "--method", "max-min", "--weights", "weights.yaml")
    assert given(document, 1) == [150, 75, 75]


def test_jointly_over_money_compute_and_people_rise_to_the_same_coverage(vessel: Office) -> None:
    document = vessel.json(*PLAN, "--budget", "129200")
    lines = document["variants"][1]["lines"]
    amounts = {(line["institution"], line["thing"]["type"]): line["amount"]["value"] for line in lines}
    assert amounts == {
        ("north", "A100"): 1000,
        ("south", "A100"): 60,
        ("forge", "A100"): 240,
        ("north", "engineer"): 301,
        ("south", "engineer"): 43,
        ("forge", "engineer"): 0,
    }


def test_whole_units_are_rounded_down_and_the_rest_is_left(vessel: Office) -> None:
    document = vessel.json(*PLAN, "--budget", "20800", *A100, "--whole")
    assert (given(document, 1), document["variants"][1]["left"]["value"]) == ([913, 16, 110], 20)


def test_a_limit_on_a_group_holds(vessel: Office) -> None:
    document = vessel.json(*PLAN, "--budget", "26000", *A100, "--limit", "kind=company:most=3000")
    assert given(document, 1) == [1060, 90, 150]


def test_limits_that_nothing_meets_are_said_and_a_neighbour_that_fails_leaves_the_plan_alone(vessel: Office) -> None:
    ended = vessel.ullage(*PLAN, "--budget", "26000", *A100, "--limit", "kind=company:least=20000")
    assert ended.code == 2
    assert ended.err.startswith(
        "plan: limits on groups: expected a budget and gaps that let every group have its least"
    )
    ended = vessel.ullage(*PLAN, "--budget", "10000", *A100, "--limit", "kind=company:least=9000", "-o", "csv")
    changes = {row["budget_change"] for row in csv.DictReader(io.StringIO(ended.out))}
    assert (ended.code, changes, ended.err[:51]) == (0, {"0.0"}, "plan: with a fifth less no plan meets the limits (l")


def test_the_table_is_whole(vessel: Office) -> None:
    ended = vessel.ullage(*PLAN, "--budget", "26000", *A100)
    assert (ended.code, ended.out, ended.err) == (0, expected("plan-coverage.txt"), "")


def test_the_manifest_is_only_proposed_and_carries_the_plan_out_once_it_is_approved(vessel: Office) -> None:
    ended = vessel.ullage(*PLAN, "--budget", "26000", *A100, "-o", "manifest")
    assert (ended.code, ended.out, ended.err) == (0, expected("plan-manifest.yaml"), "")
    (vessel.root / "plan.yaml").write_text(ended.out)
    checked = vessel.ullage("validate", "plan.yaml")
    assert (checked.code, checked.err) == (0, "")
    assert vessel.ullage("declare", "plan.yaml", "--since", "2026-11-01").code == 0
    assert gaps(vessel) == {"north": 1400, "south": 260, "forge": 840}
    document = yaml.safe_load(ended.out)
    document["spec"]["approval"] = {"by": "Board", "date": "2026-10-31"}
    vessel.ullage("declare", vessel.write("plan.yaml", document), "--since", "2026-11-02")
    assert gaps(vessel) == {"north": 400, "south": 200, "forge": 600}


def gaps(office: Office) -> dict[str, float]:
    lines = office.json("gap", "--period", "2026-11", *KIND)["lines"]
    return {each["institution"]: each["gap"]["value"] for each in lines if each["thing"]["type"] == "A100"}


def test_all_that_is_wrong_with_a_request_is_said_at_once(vessel: Office) -> None:
    options = ("--budget", "-1", "--currency", "yuan", "--resource", "compute/A10", "--weights", "nroth=0")
    ended = vessel.ullage("plan", "--period", "2026-11", *options, "--limit", "country=CN:least=5,most=3", *KIND)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "--budget: expected an amount of 0 or more such as 26000 or 0.5, found '-1'\n"
        "--currency: expected a currency by ISO 4217 such as CNY, found 'yuan'\n"
        "--resource: expected what an institution needs in this period, found 'compute/A10'; did you mean "
        "'compute/A100'?\n"
        "--weights: expected the id of an institution, found 'nroth'; did you mean 'north'?\n"
        "--weights: nroth: expected a weight above 0, found '0'\n"
        "--limit: group country=CN: expected 0 <= least <= most, found 5 and 3\n"
    )


def test_a_currency_without_prices_has_nothing_to_plan_for_and_says_why(vessel: Office) -> None:
    ended = vessel.ullage("plan", "--period", "2026-11", "--budget", "1", "--currency", "EUR", *A100, *KIND)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "plan: expected a need with a price in EUR in this period, found none (forge, compute A100: it has no price in "
        "EUR; north, compute A100: it has no price in EUR; south, compute A100: it has no price in EUR)\n"
    )
