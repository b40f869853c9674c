"""What Prometheus scrapes: sums of the books, computed anew at each scrape, and the operator's own health.

A restart changes no counter of the books: what it shows is what they hold. Counters are of what has been released;
what is held now stands in gauges, since how it will end is not known yet. No series bears a job's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from .cluster.names import JsonObject
from .ledger import GroupKey, Ledger, UsageRow

_LABELS: Final[tuple[GroupKey, ...]] = ("institution", "model_family", "stage", "outcome")
_COUNTERS: Final[tuple[tuple[str, str, Callable[[UsageRow], float | None]], ...]] = (
    ("ullage_accelerator_seconds", "Accelerator-seconds that were held.", lambda row: row.accelerator_ms / 1000),
    (
        "ullage_accelerator_measured_seconds",
        "Accelerator-seconds that were held where activity was measured.",
        lambda row: row.accelerator_measured_ms / 1000,
    ),
    (
        "ullage_accelerator_active_seconds",
        "Accelerator-seconds in which a kernel ran, where that was measured.",
        lambda row: None if row.accelerator_active_ms is None else row.accelerator_active_ms / 1000,
    ),
    ("ullage_cpu_core_seconds", "Core-seconds that were held.", lambda row: row.cpu_held_core_us / 1e6),
    (
        "ullage_cpu_used_core_seconds",
        "CPU time that was used.",
        lambda row: None if row.cpu_used_ms is None else row.cpu_used_ms / 1000,
    ),
    (
        "ullage_memory_byte_seconds",
        "Byte-seconds of memory that were held.",
        lambda row: row.memory_held_mib_ms * (1 << 20) / 1000,
    ),
    ("ullage_samples", "Samples gone through.", lambda row: row.samples),
    ("ullage_read_bytes", "Bytes of input files read.", lambda row: row.bytes_read),
    ("ullage_energy_joules", "Energy of IT equipment, the central estimate.", lambda row: row.joules),
    ("ullage_workers", "Workers that held something and have ended.", lambda row: row.holds),
)


class BooksCollector(Collector):
    """Sums of the books."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def collect(self) -> Iterable[Metric]:
        """Return what has been released by institution, model family, stage and outcome; and what is held now."""
        with self._ledger.books() as books:
            released = books.totals(by=_LABELS)
        for name, text, value in _COUNTERS:
            family = CounterMetricFamily(name, text, labels=_LABELS)
            for row in released:
                found = value(row)
                if found is not None:
                    family.add_metric([row.group[label] or "" for label in _LABELS], found)
            yield family
        yield from self._held()

    def _held(self) -> Iterator[Metric]:
        labels = ("institution", "stage")
        workers = GaugeMetricFamily("ullage_held_workers", "Workers that hold something now.", labels=labels)
        accelerators = GaugeMetricFamily("ullage_held_accelerators", "Accelerators that are held now.", labels=labels)
        cores = GaugeMetricFamily("ullage_held_cpu_cores", "Cores that are held now.", labels=labels)
        memory = GaugeMetricFamily("ullage_held_memory_bytes", "Memory that is held now.", labels=labels)
        sums: dict[tuple[str, str], list[float]] = {}
        for hold in self._ledger.open_holds():
            held = sums.setdefault((hold.context.institution or "", hold.stage.value), [0, 0, 0, 0])
            for index, amount in enumerate((1, hold.accelerators, hold.cpu_millis / 1000, hold.memory_mib * (1 << 20))):
                held[index] += amount
        for group, held in sorted(sums.items()):
            for family, amount in zip((workers, accelerators, cores, memory), held, strict=True):
                family.add_metric(group, amount)
        yield from (workers, accelerators, cores, memory)


class CapacityCollector(Collector):
    """What the cluster's nodes can give, and what of it no worker of ours holds."""

    def __init__(self, capacity: Callable[[], dict[str, float]], ledger: Ledger) -> None:
        self._capacity = capacity
        self._ledger = ledger

    def collect(self) -> Iterable[Metric]:
        """Return capacity by resource. What Ullage does not hold is not idle: others may hold it."""
        capacity = self._capacity()
        total = GaugeMetricFamily("ullage_node_capacity", "What ready nodes can give.", labels=("resource",))
        free = GaugeMetricFamily("ullage_not_held", "Capacity that no worker of Ullage holds.", labels=("resource",))
        held = dict.fromkeys(capacity, 0.0)
        for hold in self._ledger.open_holds():
            for resource, amount in (
                ("cpu", hold.cpu_millis / 1000),
                ("memory", float(hold.memory_mib * (1 << 20))),
                (hold.accelerator_type or "", float(hold.accelerators)),
            ):
                held[resource] = held.get(resource, 0.0) + amount
        for resource, amount in sorted(capacity.items()):
            total.add_metric((resource,), amount)
            free.add_metric((resource,), amount - held[resource])
        yield from (total, free)


class JobsCollector(Collector):
    """How far live jobs are; their series end with them."""

    def __init__(self, jobs: Callable[[], list[JsonObject]]) -> None:
        self._jobs = jobs

    def collect(self) -> Iterable[Metric]:
        """Return jobs by phase, and the progress of those that run."""
        phases = GaugeMetricFamily("ullage_jobs", "Jobs by phase.", labels=("phase",))
        live = [GaugeMetricFamily(name, text, labels=_JOB_LABELS) for name, text, _ in _JOB_GAUGES]
        counts = dict.fromkeys(("Pending", "Running", "Suspended", "Succeeded", "Failed"), 0)
        for job in self._jobs():
            status = job.get("status") or {}
            phase = status.get("phase", "Pending")
            counts[phase] = counts.get(phase, 0) + 1
            if phase == "Running":
                labels = (job["metadata"]["namespace"], job["metadata"]["name"], status.get("stage") or "")
                for family, (_, _, value) in zip(live, _JOB_GAUGES, strict=True):
                    if (found := value(status)) is not None:
                        family.add_metric(labels, found)
        for phase, count in counts.items():
            phases.add_metric((phase,), count)
        yield from (phases, *live)


def _progress(name: str) -> Callable[[JsonObject], float | None]:
    return lambda status: (status.get("progress") or {}).get(name)


def _ratio(status: JsonObject) -> float | None:
    told = status.get("progress") or {}
    return told.get("step", 0) / told["totalSteps"] if told.get("totalSteps") else None


def _metric(status: JsonObject) -> float | None:
    told = (status.get("progress") or {}).get("metric")
    return float(told[1]) if told else None


def _of_stage(name: str) -> Callable[[JsonObject], float | None]:
    """Return how to read a number of the stage that a job is at; 0 is not written to a status."""

    def value(status: JsonObject) -> float | None:
        stages = [stage for stage in status.get("stages", []) if stage["name"] == status.get("stage")]
        return float(stages[0].get(name, 0)) if stages else None

    return value


_JOB_LABELS: Final = ("job_namespace", "job_name", "stage")
"""Not ``namespace`` and ``job``: those are what Prometheus calls the target that it scraped."""
_JOB_GAUGES: Final[tuple[tuple[str, str, Callable[[JsonObject], float | None]], ...]] = (
    ("ullage_job_progress_ratio", "How far the stage of a running job is.", _ratio),
    ("ullage_job_epoch", "The epoch of a running job, from 1.", _progress("epoch")),
    ("ullage_job_loss", "Mean training loss of a running job's epoch so far.", _progress("loss")),
    ("ullage_job_metric", "The metric of a running job on its validation part.", _metric),
    ("ullage_job_samples_per_second", "Samples a second of a running job.", _progress("samplesPerSecond")),
    ("ullage_job_eta_seconds", "Seconds until the stage of a running job ends, estimated.", _progress("etaSeconds")),
    ("ullage_job_workers_ready", "Workers of a running job that are ready.", _of_stage("workersReady")),
    ("ullage_job_restarts", "Restarts of a running job's stage that count.", _of_stage("restarts")),
)


class Running(Protocol):
    """What the operator knows of itself."""

    @property
    def requests(self) -> dict[tuple[str, int], int]:
        """Requests to the API server by verb and status code."""

    @property
    def queue_depth(self) -> int:
        """Jobs that wait for their turn."""

    @property
    def watch_age_seconds(self) -> float:
        """How long ago the operator's view of pods was known to be true."""

    @property
    def ledger_errors(self) -> int:
        """Posts that the ledger did not take."""


class OperatorCollector(Collector):
    """The operator's own health."""

    def __init__(self, running: Running) -> None:
        self._running = running

    def collect(self) -> Iterable[Metric]:
        """Return requests, queue depth, the age of the view of pods, and errors of the ledger."""
        requests = CounterMetricFamily(
            "ullage_api_requests",
            "Requests to the API server, kopf's watches of four kinds left out.",
            labels=("verb", "code"),
        )
        for (verb, code), count in sorted(self._running.requests.items()):
            requests.add_metric((verb, str(code)), count)
        yield requests
        yield GaugeMetricFamily("ullage_queue_depth", "Jobs that wait for a pass.", value=self._running.queue_depth)
        yield GaugeMetricFamily(
            "ullage_pod_watch_age_seconds",
            "How long ago the view of pods was known to be true.",
            value=self._running.watch_age_seconds,
        )
        yield CounterMetricFamily(
            "ullage_ledger_write_errors", "Posts that the ledger did not take.", value=self._running.ledger_errors
        )


class PassMetrics:
    """Passes over jobs and how long they take."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.seconds = Histogram("ullage_pass_duration_seconds", "Passes over jobs.", registry=registry)
        self.failures = Counter("ullage_pass_failures", "Passes that ended with an error.", registry=registry)
        self.info = Gauge("ullage_build_info", "The operator's version.", ["version"], registry=registry)
