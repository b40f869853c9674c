"""``ullage compare``: jobs of the books beside published trainings."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from cli.office import KIND, Office, expected
from ledger.builders import NORTH, activity, hold, release
from ullage_operator.ledger import Outcome
from ullage_trainer.card import TrainingSummary
from ullage_trainer.config import Usage


def cells(document: Any, quantity: str) -> dict[str, dict[str, Any]]:
    (found,) = [each for each in document["quantities"] if each["quantity"] == quantity]
    return {cell["name"]: cell for cell in found["cells"]}


def figure(cell: dict[str, Any]) -> tuple[float, str, str]:
    found = cell["figure"]
    return found["value"], found["unit"], found["provenance"]


def test_the_table_of_models_and_a_job_is_whole(vessel: Office) -> None:
    ended = vessel.ullage("compare", "gpt-3", "bloom", "n1", *KIND)
    assert (ended.code, ended.out, ended.err) == (0, expected("compare.txt"), "")


def test_hours_of_a_job_are_held_against_those_on_the_same_accelerator(vessel: Office) -> None:
    hours = cells(vessel.json("compare", "bloom", "south/s1", *KIND), "accelerator_hours")
    assert (figure(hours["south/s1"]), hours["south/s1"]["kind"]) == ((240, "acceleratorHours", "measured"), "A100")
    assert hours["south/s1"]["ratio"] == pytest.approx(240 / 1_082_990)
    unnamed = cells(vessel.json("compare", "bloom", "s1"), "accelerator_hours")
    assert (unnamed["s1"]["ratio"], unnamed["s1"]["why_not"]) == (None, "otherKind")


def test_core_hours_energy_and_emissions_of_a_job_say_how_they_are_known(vessel: Office) -> None:
    document = vessel.json("compare", "n1", *KIND)
    assert figure(cells(document, "core_hours")["n1"]) == (100, "coreHours", "measured")
    energy = cells(document, "energy_kilowatt_hours")["n1"]["figure"]
    assert (energy["provenance"], energy["low"] < energy["value"], energy["high"]) == ("estimated", True, None)
    tonnes = cells(document, "emissions_tonnes")["n1"]["figure"]
    assert (tonnes["value"], tonnes["provenance"]) == (pytest.approx(energy["value"] * 475e-6), "estimated")
    assert tonnes["scope"]["detail"].endswith("at 475 g/kWh, the world's average: estimated")
    green = cells(vessel.json("compare", "n1", *KIND, "--grid", "57"), "emissions_tonnes")["n1"]["figure"]
    assert (green["value"], green["scope"]["detail"][-11:]) == (pytest.approx(energy["value"] * 57e-6), "at 57 g/kWh")


def test_parameters_of_a_job_are_those_of_its_summary_and_unknown_without(vessel: Office) -> None:
    assert cells(vessel.json("compare", "n1"), "parameters")["n1"]["figure"] is None
    summary = TrainingSummary(
        architecture="mlp", parameters=101_770, input_shape=[784], feature_scale=1.0, classes=10, rows={}, metrics={},
        metric="accuracy", exactness="rounding", weights_sha256="0", ranks=1, versions={},
    )  # fmt: skip
    folder = vessel.root / ".ullage" / "storage" / "n1" / "runs" / "abc" / "train-1"
    folder.mkdir(parents=True)
    (folder / "summary.json").write_text(summary.model_dump_json(by_alias=True))
    found = cells(vessel.json("compare", "mnist-mlp", "n1"), "parameters")["n1"]
    assert (figure(found), found["ratio"]) == ((101_770, "parameters", "measured"), 1.0)


def test_parameters_and_operations_of_a_job_are_in_the_books_without_a_folder_of_its_runs(office: Office) -> None:
    train(office, "worker-1", 1, Usage(samples=10, flop=10 * 171), parameters=33)
    train(office, "worker-2", 2, Usage(samples=90, flop=90 * 171), parameters=33)
    found = office.json("compare", "mnist-mlp", "job")
    flop, size = (cells(found, quantity)["job"] for quantity in ("flop", "parameters"))
    assert (flop["figure"], flop["source"], flop["ratio"]) == (
        {
            "value": 17_100,
            "unit": "flop",
            "provenance": "estimated",
            "low": None,
            "high": None,
            "scope": {
                "basis": "published",
                "books": [],
                "detail": "3 x the forward pass of a sample x samples gone through; counted, not metered",
            },
        },
        "the books of local",
        pytest.approx(17_100 / 3.659e10),
    )
    assert (figure(size), size["source"], size["ratio"]) == (
        (33, "parameters", "measured"),
        "the books of local",
        pytest.approx(33 / 101_770),
    )
    used = office.json("usage")["total"]
    assert (used["parameters"], used["flop"], used["flop_counted_share"]) == (33, 17_100, 1)


def test_operations_of_a_job_are_unknown_where_some_of_its_training_was_not_counted(office: Office) -> None:
    train(office, "worker-1", 1, Usage(samples=10))
    train(office, "worker-2", 2, Usage(samples=90, flop=90 * 171))
    assert cells(office.json("compare", "job"), "flop")["job"]["figure"] is None


def train(office: Office, uid: str, attempt: int, usage: Usage, parameters: int | None = None) -> None:
    """Post a worker of the job ``job`` that failed at the first attempt."""
    facts = {"context": NORTH.model_copy(update={"job": "job"})}
    outcome = Outcome.FAILED if attempt == 1 else Outcome.SUCCEEDED
    with office.ledger() as ledger:
        ledger.post(
            [
                hold(uid, attempt=attempt, **facts),
                activity(uid, usage=usage, parameters=parameters, ranks=(), **facts),
                release(uid, outcome=outcome, **facts),
            ]
        )


def test_models_alone_need_no_books(office: Office) -> None:
    rows = list(csv.DictReader(io.StringIO(office.ullage("compare", "gpt-3", "bloom", "-o", "csv").out)))
    flop = [(row["name"], row["value"], row["provenance"]) for row in rows if row["quantity"] == "flop"]
    assert flop == [("gpt-3", "3.14e+23", "declared"), ("bloom", "3.87038412e+23", "estimated")]
    assert list(office.root.iterdir()) == []


def test_the_catalogue_is_listed_and_takes_models_of_one_s_own(office: Office) -> None:
    assert office.ullage("compare", "--list").out == expected("catalogue.txt")
    own = {"id": "ours", "name": "Ours", "family": "cnn", "year": 2026, "flop": {"value": 1e20, "source": "us"}}
    (office.root / "own.yaml").write_text(json.dumps({"version": 1, "models": [own]}))
    listed = office.json("compare", "--list", "--catalogue", "own.yaml")
    assert "ours" in [model["id"] for model in listed["models"]]
    ratio = cells(office.json("compare", "academia-median", "ours", "--catalogue", "own.yaml"), "flop")["ours"]["ratio"]
    assert ratio == pytest.approx(1 / 6)


def test_names_that_nobody_has_are_said_together(vessel: Office) -> None:
    ended = vessel.ullage("compare", "gpt3", "n3")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "gpt3: expected a model of the catalogue or a job of these books, found neither; did you mean 'gpt-3'?\n"
        "n3: expected a model of the catalogue or a job of these books, found neither; --list lists the catalogue, and "
        "`ullage usage --by job` the jobs\n"
    )
    assert vessel.ullage("compare", "n1", "--grid", "dirty").err == (
        "--grid: expected grams of CO2 for a kilowatt-hour such as 475, found 'dirty'\n"
    )
    assert vessel.ullage("compare").code == 2
