"""All that the operator exports, over the books of the benchmark of a scrape."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector

from ullage_operator import gap
from ullage_operator.api import parse_as
from ullage_operator.api.types import API_VERSION, Institution, Investment
from ullage_operator.gauges import GapCollector, LinesCollector
from ullage_operator.ledger import Ledger
from ullage_operator.metrics import BooksCollector, CapacityCollector, JobsCollector, OperatorCollector, PassMetrics
from ullage_operator.standing import keep, key_of, standing

INSTITUTIONS = 40
MONTH = gap.month_of(10**9)
"""The month in which the jobs of the benchmark begin."""
_TERM = {"from": "1970-01-01", "to": "1970-02-01"}
_HOURS = {"resource": "compute", "type": "nvidia.com/gpu", "unit": "acceleratorHours"}


@dataclass(frozen=True)
class Idle:
    """An operator that has nothing to do, as its own collector sees it."""

    requests: dict[tuple[str, int], int] = field(default_factory=lambda: {("GET", 200): 10_000, ("PATCH", 200): 60_000})
    queue_depth: int = 0
    watch_age_seconds: float = 0.0
    ledger_errors: int = 0


def declare(ledger: Ledger) -> None:
    """Declare the institutions of the jobs, each with a need and a line of its own."""
    objects: list[Institution | Investment] = [
        parse_as(Institution, _institution(number), source="bench") for number in range(INSTITUTIONS)
    ]
    objects.append(parse_as(Investment, _investment(), source="bench"))
    kept = keep(ledger, objects, [key_of(each) for each in objects], MONTH.start_ms + 1)
    if kept.refused:
        raise ValueError(f"bench: expected declarations that the books take, found {kept.refused}")


def exported(ledger: Ledger, jobs: int, live: int) -> CollectorRegistry:
    """Return all that :class:`ullage_operator.service.Service` registers; the last of the jobs run."""
    with ledger.books() as books:
        # The operator measures in the background; a scrape shows what came of it last.
        measured = standing(books, MONTH, gap.published(), {})
        lines = books.lines(0, books.now_ms)
    objects = [_job(number, running=number >= jobs - live) for number in range(jobs)]
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PassMetrics(registry)
    registry.register(BooksCollector(ledger))
    registry.register(JobsCollector(lambda: objects))
    registry.register(GapCollector(lambda: measured))
    registry.register(LinesCollector(lambda: lines))
    registry.register(OperatorCollector(Idle()))
    registry.register(CapacityCollector(lambda: {"nvidia.com/gpu": 1e5}, ledger))
    return registry


def _institution(number: int) -> dict[str, Any]:
    name = f"institution-{number}"
    spec = {
        "id": name,
        "displayName": name,
        "country": "CN",
        "kind": "university",
        "namespaceSelector": {"matchLabels": {"ullage.dev/institution": name}},
        "declaredBy": "bench",
        "requires": [{**_HOURS, "amount": 100_000, **_TERM}],
        "holds": {"accelerators": [{"type": "nvidia.com/gpu", "count": 8, "availability": 0.9, **_TERM}]},
    }
    return {"apiVersion": API_VERSION, "kind": "Institution", "metadata": {"name": name}, "spec": spec}


def _investment() -> dict[str, Any]:
    lines = [
        {"id": f"line-{number}", "beneficiary": f"institution-{number}", "channel": "inKind", **_HOURS, "amount": 1000}
        for number in range(INSTITUTIONS)
    ]
    spec = {
        "funder": "bench",
        "programme": "bench",
        "reference": "bench",
        "approval": {"by": "bench", "date": "1970-01-01", "document": "bench"},
        **_TERM,
        "lines": lines,
    }
    return {"apiVersion": API_VERSION, "kind": "Investment", "metadata": {"name": "bench"}, "spec": spec}


def _job(number: int, *, running: bool) -> dict[str, Any]:
    """Return what the operator has of a job that is over or runs."""
    status: dict[str, Any] = {"phase": "Running" if running else "Succeeded", "stage": "train"}
    if running:
        status |= {
            "progress": {
                "step": 100,
                "totalSteps": 1000,
                "epoch": 1,
                "loss": 0.5,
                "samplesPerSecond": 1e4,
                "etaSeconds": 600,
                "metric": ["accuracy", 0.9],
            },
            "stages": [{"name": "train", "workersReady": 2, "restarts": 0}],
        }
    return {"metadata": {"namespace": f"team-{number % 40}", "name": f"training-{number}"}, "status": status}
