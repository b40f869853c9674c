"""What each series says of books whose figures are known: its value, in its unit."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from ledger.builders import activity, hold, release
from ullage_operator.cluster.names import JsonObject
from ullage_operator.ledger import Ledger, sqlite_url
from ullage_operator.metrics import BooksCollector, CapacityCollector, JobsCollector, OperatorCollector

RUNS: JsonObject = {
    "metadata": {"namespace": "physics", "name": "points"},
    "status": {
        "phase": "Running",
        "stage": "train",
        "stages": [{"name": "train", "workersReady": 2, "restarts": 1}],
        "progress": {
            "step": 63,
            "totalSteps": 100,
            "epoch": 2,
            "loss": 0.5,
            "metric": ["accuracy", 0.75],
            "samplesPerSecond": 1200.0,
            "etaSeconds": 37.0,
        },
    },
}

EXPECTED = {
    "ullage_accelerator_seconds_total": 20.0,
    "ullage_accelerator_measured_seconds_total": 20.0,
    "ullage_accelerator_active_seconds_total": 12.0,
    "ullage_cpu_core_seconds_total": 15.0,
    "ullage_cpu_used_core_seconds_total": 9.0,
    "ullage_memory_byte_seconds_total": 10.0 * 2**31,
    "ullage_samples_total": 4000.0,
    "ullage_read_bytes_total": 1000.0,
    "ullage_energy_joules_total": 100.0,
    "ullage_workers_total": 1.0,
}
"""Of ten seconds that two accelerators, one and a half cores and 2 GiB were held."""


def opened(folder: Path) -> Ledger:
    return Ledger.open(sqlite_url(folder / "ledger.sqlite3"), cluster="test", now_ms=lambda: 100_000)


def series(*collectors: Collector) -> dict[str, float]:
    """All samples, by name and labels; the labels that all have are left out."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    lines = [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_counters_are_in_base_units(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.post([hold("w1"), activity("w1"), release("w1")])
        found = series(BooksCollector(ledger))
    labels = '{institution="north",model_family="mlp",outcome="Succeeded",stage="train"}'
    counters = {name.removesuffix(labels): value for name, value in found.items() if name.endswith(labels)}
    assert counters == EXPECTED


def test_what_is_not_held_is_what_nodes_can_give_less_what_open_holds_have(tmp_path: Path) -> None:
    can_give = {"cpu": 8.0, "memory": 4.0 * 2**30, "nvidia.com/gpu": 4.0}
    with opened(tmp_path) as ledger:
        ledger.post([hold("w1", accelerator_type="nvidia.com/gpu")])
        found = series(CapacityCollector(lambda: can_give, ledger))
    assert found == {
        'ullage_node_capacity{resource="cpu"}': 8.0,
        'ullage_node_capacity{resource="memory"}': 4.0 * 2**30,
        'ullage_node_capacity{resource="nvidia.com/gpu"}': 4.0,
        'ullage_not_held{resource="cpu"}': 6.5,
        'ullage_not_held{resource="memory"}': 2.0 * 2**30,
        'ullage_not_held{resource="nvidia.com/gpu"}': 2.0,
    }


def test_a_running_job_is_told_with_its_progress_and_one_that_has_ended_only_by_its_phase() -> None:
    ended: JsonObject = {"metadata": {"namespace": "physics", "name": "done"}, "status": {"phase": "Succeeded"}}
    new: JsonObject = {"metadata": {"namespace": "physics", "name": "new"}}
    job = '{job_name="points",job_namespace="physics",stage="train"}'
    assert series(JobsCollector(lambda: [RUNS, ended, new])) == {
        'ullage_jobs{phase="Pending"}': 1,
        'ullage_jobs{phase="Running"}': 1,
        'ullage_jobs{phase="Suspended"}': 0,
        'ullage_jobs{phase="Succeeded"}': 1,
        'ullage_jobs{phase="Failed"}': 0,
        f"ullage_job_progress_ratio{job}": 0.63,
        f"ullage_job_epoch{job}": 2,
        f"ullage_job_loss{job}": 0.5,
        f"ullage_job_metric{job}": 0.75,
        f"ullage_job_samples_per_second{job}": 1200,
        f"ullage_job_eta_seconds{job}": 37,
        f"ullage_job_workers_ready{job}": 2,
        f"ullage_job_restarts{job}": 1,
    }


class _Running:
    requests = {("POST", 201): 7, ("GET", 404): 1}
    queue_depth = 3
    watch_age_seconds = 4.5
    ledger_errors = 2


def test_the_operator_tells_of_its_own_health() -> None:
    assert series(OperatorCollector(_Running())) == {
        'ullage_api_requests_total{code="404",verb="GET"}': 1,
        'ullage_api_requests_total{code="201",verb="POST"}': 7,
        "ullage_queue_depth": 3,
        "ullage_pod_watch_age_seconds": 4.5,
        "ullage_ledger_write_errors_total": 2,
    }
