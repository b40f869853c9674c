"""Rules for Prometheus, as promtool evaluates them, and as the chart hands them on."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.binaries import KUBERNETES
from cluster.fixtures import without
from cluster.node import ROOT
from operator_tests.install import CHART, RELEASE, helm

RULES = CHART / "files" / "monitoring" / "rules.yaml"
DASHBOARDS = sorted((CHART / "files" / "monitoring" / "dashboards").glob("*.json"))


def promtool(*arguments: str) -> tuple[int, str]:
    without([] if shutil.which("promtool") else ["the Debian package prometheus"], "promtool")
    said = subprocess.run(
        [shutil.which("promtool") or "promtool", *arguments], capture_output=True, text=True, check=False
    )
    return said.returncode, said.stdout + said.stderr


def test_promtool_finds_no_fault_in_the_rules() -> None:
    code, said = promtool("check", "rules", "--lint=all", "--lint-fatal", str(RULES))
    assert code == 0, said


def test_each_rule_records_and_alerts_as_its_test_says() -> None:
    code, said = promtool("test", "rules", str(Path(__file__).parent / "rules.test.yaml"))
    assert code == 0, said


def test_each_rule_has_a_test() -> None:
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    tests = yaml.safe_load((Path(__file__).parent / "rules.test.yaml").read_text())["tests"]
    shown = {each["expr"] for test in tests for each in test.get("promql_expr_test", [])}
    told = {each["alertname"] for test in tests for each in test.get("alert_rule_test", []) if each["exp_alerts"]}
    assert {rule.get("record") or rule["alert"] for rule in rules} == shown | told


@pytest.fixture(scope="module")
def rendered() -> list[dict[str, Any]]:
    without([] if shutil.which("go") else ["Go 1.25 or later"], "helm")
    values = {"monitoring": {"dashboards": True, "rules": True, "serviceMonitor": True, "labels": {"release": "stack"}}}
    said = helm(
        "template",
        RELEASE,
        str(CHART),
        "--kube-version",
        KUBERNETES,
        "--namespace",
        "there",
        "--show-only",
        "templates/monitoring.yaml",
        values=values,
    )
    assert said.returncode == 0, said.stderr
    return list(yaml.safe_load_all(said.stdout))


def test_the_chart_hands_on_the_rules_unchanged(rendered: list[dict[str, Any]]) -> None:
    (made,) = (each for each in rendered if each["kind"] == "PrometheusRule")
    assert made["spec"] == yaml.safe_load(RULES.read_text())
    assert made["metadata"]["labels"]["release"] == "stack"


def test_the_chart_hands_on_each_dashboard_byte_by_byte(rendered: list[dict[str, Any]]) -> None:
    made = {name: text for each in rendered if each["kind"] == "ConfigMap" for name, text in each["data"].items()}
    assert made == {f"ullage-{path.name}": path.read_text() for path in DASHBOARDS}


def test_the_chart_has_the_operators_service_scraped(rendered: list[dict[str, Any]]) -> None:
    (made,) = (each for each in rendered if each["kind"] == "ServiceMonitor")
    service = next(
        each
        for each in yaml.safe_load_all((ROOT / "manifests" / "operator" / "operator.yaml").read_text())
        if each["kind"] == "Service"
    )
    assert made["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert made["spec"]["endpoints"] == [{"port": service["spec"]["ports"][0]["name"]}]
