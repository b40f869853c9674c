"""The books against what others say: the API server of times, the kubelet of CPU, Prometheus of counters."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest
from kubernetes import client

from cluster.fixtures import without
from local.runs.harness import wait_until
from operator_tests.install import Operator
from operator_tests.prometheus import Prometheus
from operator_tests.tenant import Tenant
from ullage_operator.ledger import HoldOpened, HoldReleased

BURN = """\
import os, pathlib, sys, time
while time.process_time() < float(sys.argv[1]):
    sum(i * i for i in range(100_000))
here = pathlib.Path(sys.argv[2])
(here / ("started-" + os.environ["HOROVOD_RANK"])).touch()
while not (here / "go").exists():
    time.sleep(0.2)
"""
CPU_SECONDS = 65


def test_a_hold_lasts_from_when_a_pod_was_bound_until_its_container_ended(tenant: Tenant, operator: Operator) -> None:
    tenant.apply(tenant.waiting("timed", replicas=2))
    tenant.go("timed")
    tenant.wait_for_phase("timed", "Succeeded")
    wait_until(lambda: operator.books.holds("timed") == {"train Succeeded": 2}, "both holds released")
    for pod in tenant.pods().values():
        hold = operator.books.entry(f"hold/{pod.metadata.uid}")
        release = operator.books.entry(f"release/{pod.metadata.uid}")
        assert isinstance(hold, HoldOpened)
        assert isinstance(release, HoldReleased)
        bound = next(c for c in pod.status.conditions if c.type == "PodScheduled").last_transition_time
        ended = pod.status.container_statuses[0].state.terminated.finished_at
        assert (hold.from_ms, release.to_ms) == (millis(bound), millis(ended))
        assert (hold.cpu_millis, hold.memory_mib, hold.accelerators) == (50, 128, 0)
        assert (hold.context.institution, hold.context.namespace) == ("north", tenant.namespace)


def millis(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)


def test_the_cpu_time_in_the_report_is_the_kubelet_s(tenant: Tenant, operator: Operator, node_name: str) -> None:
    manifest = tenant.waiting("burns", replicas=2)
    tenant.store("burn.py", BURN)
    manifest["spec"]["script"] = {"path": "burn.py", "args": [str(CPU_SECONDS), "/storage/burns"]}
    uid = tenant.apply(manifest)
    wait_until(lambda: len(tenant.started("burns")) == 2, "both ranks to have burnt their time", 300)
    # From here on the ranks sleep: what the kubelet samples now is nearly all that they will ever take.
    since = datetime.now().astimezone()
    witness: dict[str, float] = {}

    def sampled() -> bool:
        witness.clear()
        witness.update(kubelet_cpu(tenant.core, node_name, tenant.namespace, since))
        return len(witness) == 2

    wait_until(sampled, "samples of both containers", 120)
    tenant.go("burns")
    tenant.wait_for_phase("burns", "Succeeded")
    wait_until(lambda: operator.books.holds("burns") == {"train Succeeded": 2}, "both holds released")
    used = tenant.status("burns")["usage"]["cpuMs"] / 1000
    assert used >= 2 * CPU_SECONDS
    assert used == pytest.approx(sum(witness.values()), rel=0.05)
    assert operator.books.cpu_used_seconds(uid) == used


def kubelet_cpu(core: client.CoreV1Api, node_name: str, namespace: str, since: datetime) -> dict[str, float]:
    """Return CPU seconds by pod, of samples that were taken after an instant."""
    answer = core.api_client.call_api(
        "GET",
        f"{core.api_client.configuration.host}/api/v1/nodes/{node_name}/proxy/stats/summary",
        {"Accept": "application/json"},
    )
    found = {}
    for pod in json.loads(answer.read() if answer.data is None else answer.data)["pods"]:
        if pod["podRef"]["namespace"] != namespace:
            continue
        for container in pod["containers"]:
            cpu = container["cpu"]
            if datetime.fromisoformat(cpu["time"]) > since:
                found[pod["podRef"]["name"]] = cpu["usageCoreNanoSeconds"] / 1e9
    return found


def test_the_metrics_are_what_promtool_expects(operator: Operator) -> None:
    without([] if shutil.which("promtool") else ["the Debian package prometheus"], "the check of metrics")
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=operator.metrics(), capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_prometheus_scrapes_what_the_books_hold_and_a_restart_changes_no_counter(
    tenant: Tenant, operator: Operator, tmp_path: Path
) -> None:
    without([] if shutil.which("prometheus") else ["the Debian package prometheus"], "the scrape")
    manifest = tenant.waiting("scraped", replicas=2)
    manifest["spec"]["accounting"] = {"institution": "south", "modelFamily": "points"}
    tenant.apply(manifest)
    wait_until(lambda: len(tenant.started("scraped")) == 2, "both ranks to start")
    with Prometheus(tmp_path, operator.metrics_address()) as prometheus:
        held = 'ullage_held_workers{institution="south",stage="train"}'
        wait_until(lambda: prometheus.value(held) == 2, "two workers that hold something")
        tenant.go("scraped")
        ended = 'ullage_workers_total{institution="south",model_family="points",stage="train",outcome="Succeeded"}'
        wait_until(lambda: prometheus.value(ended) == 2, "two workers that have ended")
    before = counters(operator.metrics())
    assert before["ullage_workers_total", "south"] == 2
    operator.restart()
    assert counters(operator.metrics()) == before


def counters(text: str) -> dict[tuple[str, str], float]:
    """Return the counters of the books by name and institution."""
    found: dict[tuple[str, str], float] = {}
    for line in text.splitlines():
        name, brace, rest = line.partition("{")
        if brace and rest.startswith('institution="') and name.endswith("_total"):
            key = name, rest.split('"')[1]
            found[key] = found.get(key, 0.0) + float(line.rsplit(" ", 1)[1])
    return found
