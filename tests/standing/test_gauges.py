"""How institutions stand, as Prometheus is shown it."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from cluster.fixtures import without
from gap.vessel import NOVEMBER
from standing.test_declared import objects
from ullage_operator import gap
from ullage_operator.api import Declarations
from ullage_operator.gauges import GapCollector
from ullage_operator.standing import Standing, declared


def exposed(standing: Standing | None) -> str:
    registry = CollectorRegistry()
    registry.register(GapCollector(lambda: standing))
    return generate_latest(registry).decode()


@pytest.fixture(scope="module")
def text() -> str:
    declarations = Declarations.of(objects())
    found = declared(declarations, gap.published())
    return exposed(Standing(found.inputs, gap.gap_report(found.inputs, NOVEMBER), declarations, ()))


def test_hours_are_in_seconds_and_each_row_has_its_series(text: str) -> None:
    north = 'institution="north",resource="compute",type="A100",unit="accelerator_seconds"'
    lines = [line for line in text.splitlines() if north in line]
    assert lines == [
        f"ullage_required{{{north}}} 7.2e+06",
        f"ullage_supply{{{north}}} 2.16e+06",
        f"ullage_gap{{{north}}} 5.04e+06",
        f"ullage_coverage_ratio{{{north}}} 0.3",
    ]
    tokens = 'ullage_required{institution="south",resource="data",type="text",unit="tokens"} 4e+10'
    assert tokens in text.splitlines()


def test_disparity_is_told_raw_and_by_need_and_money_by_currency(text: str) -> None:
    names = [line.partition("}")[0] for line in text.splitlines() if line.startswith(("ullage_disp", "ullage_money"))]
    compute = 'ullage_disparity_gini{basis="%s",resource="compute",type="A100",unit="accelerator_seconds"'
    assert [name for name in names if "compute" in name] == [compute % "raw", compute % "need"]
    assert names[-2:] == ['ullage_money_gap_gross{currency="CNY"', 'ullage_money_gap_net{currency="CNY"']


def test_before_anything_is_declared_there_is_no_series() -> None:
    assert [line for line in exposed(None).splitlines() if not line.startswith("#")] == []


def test_promtool_finds_no_fault_in_the_metrics(text: str) -> None:
    without([] if shutil.which("promtool") else ["the Debian package prometheus"], "promtool")
    said = subprocess.run(
        [shutil.which("promtool") or "promtool", "check", "metrics"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, said.stderr) == (0, "")
