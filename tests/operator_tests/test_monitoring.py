"""Every query of every dashboard, run against a real Prometheus that scraped the operator, gives data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from cluster.fixtures import without
from ledger.builders import ENERGY
from local.runs.harness import wait_until
from monitoring.test_rules import DASHBOARDS, RULES
from operator_tests.declared import Declared, institution, this_month, vouchers
from operator_tests.install import Operator
from operator_tests.prometheus import Prometheus
from operator_tests.tenant import Tenant
from ullage_operator.ledger import Activity, EntryContext, HoldOpened, HoldReleased, Ledger, Outcome
from ullage_trainer.config import Stage, Usage

REPORTS = """\
import pathlib, sys, time
import ullage_trainer
step = 0
while not (pathlib.Path(sys.argv[1]) / "go").exists():
    step += 1
    so_far = {"step": step, "total": 10**6, "epoch": 1, "epochs": 2, "samples": 8 * step}
    ullage_trainer.report(**so_far, loss=1 / step, metrics={"accuracy": 0.5})
    time.sleep(0.05)
"""


def test_each_query_of_each_dashboard_gives_data_and_each_rule_evaluates(
    accelerators: None, tenant: Tenant, declared: Declared, operator: Operator, tmp_path: Path
) -> None:
    assert accelerators is None
    without([] if shutil.which("prometheus") else ["the Debian package prometheus"], "the dashboards' queries")
    declare(tenant, declared)
    metered(operator)
    failing = tenant.waiting("failing", accounting={"institution": "polar", "modelFamily": "points"})
    failing["spec"]["script"]["args"] = ["/nowhere"]
    failing["spec"]["runPolicy"] = {"maxRestarts": 0}
    tenant.apply(failing)
    tenant.wait_for_phase("failing", "Failed")
    reporting = tenant.waiting("reporting", accounting={"institution": "polar", "modelFamily": "points"})
    tenant.store("report.py", REPORTS)
    reporting["spec"]["script"]["path"] = "report.py"
    tenant.apply(reporting)
    tenant.wait("reporting", lambda told: (told.get("progress") or {}).get("etaSeconds") is not None, "progress")
    chosen = {
        "$institution": "polar",
        "$namespace": tenant.namespace,
        "$job": "reporting",
        "$__rate_interval": "1m",
    }
    wanted = [
        (
            f"{path.stem}: {panel['title']}",
            filled(target["expr"], chosen | ({"$job": "ullage"} if path.stem == "admin" else {})),
        )
        for path in DASHBOARDS
        for panel in json.loads(path.read_text())["panels"]
        for target in panel.get("targets", [])
    ]
    with Prometheus(tmp_path, operator.metrics_address(), RULES) as prometheus:
        empty = list(wanted)

        def answered() -> bool:
            empty[:] = [(title, query) for title, query in empty if not prometheus.series(query)]
            return not empty

        try:
            wait_until(answered, "data for each query", 60)
        except AssertionError as error:
            raise AssertionError(f"no data: {empty}") from error
        held = 'institution:ullage_held_accelerators:sum{institution="polar"}'
        wait_until(lambda: prometheus.value(held) is not None, "what a rule records")
        variables = [
            variable["definition"]
            for path in DASHBOARDS
            for variable in json.loads(path.read_text())["templating"]["list"]
            if variable["type"] == "query"
        ]
        assert [one for one in variables if not prometheus.series(series_of(filled(one, chosen)))] == []
    tenant.go("reporting")
    tenant.wait_for_phase("reporting", "Succeeded")


def declare(tenant: Tenant, declared: Declared) -> None:
    """Declare what there has to be of each kind: needs of all three, a price, a grant in kind."""
    term = this_month()
    needs: list[dict[str, Any]] = [
        {"resource": "compute", "type": "A100", "unit": "acceleratorHours", "amount": 1000, **term},
        {"resource": "talent", "type": "engineer", "unit": "hours", "amount": 400, **term},
        {"resource": "data", "type": "text", "unit": "tokens", "amount": 1e9, **term},
    ]
    price = {"unit": "acceleratorHours", "currency": "CNY", "price": 20, "from": "2026-01-01", "source": "tariff"}
    declared.apply("PriceList", "tariff", {"entries": [{"resource": "compute", "type": "A100", **price}]})
    declared.apply("Institution", "polar", institution(tenant, "polar", requires=needs))
    declared.apply(
        "Investment", "polar-vouchers", vouchers("polar", 360_000, priceListRef={"name": "tariff"}, currency="CNY")
    )
    declared.wait("Investment", "polar-vouchers", lambda told: told.get("phase") == "Active", "an active grant")
    declared.wait("Institution", "polar", lambda told: bool(told.get("resources")), "figures")


def metered(operator: Operator) -> None:
    """Post what a worker did whose accelerators have a meter, which no machine of the tests has."""
    context = EntryContext(job_uid="job-metered", namespace="elsewhere", job="metered", institution="metered")
    about: dict[str, Any] = {"context": context, "worker_uid": "worker-metered"}
    held = {"accelerators": 4, "accelerator_type": "nvidia.com/gpu", "cpu_millis": 4000, "memory_mib": 1024}
    hold = HoldOpened(**about, **held, stage=Stage.TRAIN, attempt=1, index=0, slots=4, from_ms=1_000)
    used = Usage(wall_ms=10_000, cpu_ms=9_000, gpu_ms=40_000, gpu_active_ms=30_000, gpu_joules=9_000)
    did = Activity(**about, from_ms=1_000, to_ms=11_000, usage=used, ranks=(), energy=ENERGY)
    books = operator.books
    with Ledger.open(books.url, cluster=books.cluster, now_ms=lambda: 11_000) as ledger:
        ledger.post([hold, did, HoldReleased(**about, to_ms=11_000, outcome=Outcome.SUCCEEDED)])


def filled(query: str, chosen: dict[str, str]) -> str:
    """Return a query as Grafana sends it."""
    for name, value in chosen.items():
        query = query.replace(name, value)
    return query


def series_of(definition: str) -> str:
    """Return the series whose labels a variable offers: ``label_values(series, label)``."""
    return definition.removeprefix("label_values(").rpartition(",")[0]
