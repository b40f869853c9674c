"""Usage for people and for programs: the one place where integers of the books become seconds, hours and shares."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from pydantic import JsonValue

from .base import Millis, Name, Provenance, Record
from .reads.talent import WorkRow
from .usage import GroupKey, UsageRow

REPORT_VERSION: Final = "ullage.dev/usage/v1alpha1"

_MS: Final = 1000
_SECONDS_PER_HOUR: Final = 3600
_US: Final = 1_000_000
_MIB_PER_GIB: Final = 1024
_JOULES_PER_KWH: Final = 3_600_000


class Scope(Record):
    """What a table is about: one cluster, and the period ``[from_ms, to_ms)``."""

    cluster: Name
    """The ledger's cluster."""
    from_ms: Millis
    """Start of the period."""
    to_ms: Millis
    """End of the period."""
    now_ms: Millis
    """When the rows were read."""


class UsageLine(Record):
    """What one group held (A) and used (U). Null is unknown; a share is between 0 and 1."""

    group: dict[GroupKey, str | None]
    """What the line is about; null is unattributed."""
    jobs: int
    """Distinct jobs."""
    workers: int
    """Workers that held something."""
    workers_open: int
    """Of these, still running, or not yet settled."""
    workers_end_estimated: int
    """Of these, ended at a time that was estimated."""
    accelerator_held_seconds: float
    """A: accelerators x seconds."""
    accelerator_active_seconds: float | None
    """U: seconds in which a kernel ran, over the measured share."""
    accelerator_measured_share: float | None
    """The share of A whose U is known; null where nothing was held."""
    accelerator_active_share: float | None
    """U / A over the measured share: activity, not model FLOP utilization."""
    cpu_held_core_seconds: float
    """A: cores x seconds."""
    cpu_used_core_seconds: float | None
    """U: CPU time, over the measured share."""
    cpu_measured_share: float | None
    """The share of A whose U is known; null where nothing was held."""
    cpu_used_share: float | None
    """U / A over the measured share; above 1 where workers used more than they asked for."""
    memory_held_gib_seconds: float
    """A: GiB x seconds."""
    peak_memory_bytes: int | None
    """Greatest resident set of one process."""
    samples: int | None
    """Samples gone through."""
    parameters: int | None
    """How many numbers the greatest model holds that was trained."""
    flop: int | None
    """Floating-point operations of training, over the counted share: estimated, by the model's graph, not metered."""
    flop_counted_share: float | None
    """The share of the samples whose operations are known; null where there were none."""
    bytes_read: int | None
    """Bytes of input files read."""
    energy_joules: int | None
    """Energy of IT equipment (PUE 1.0)."""
    energy_low_joules: int | None
    """Lower bound."""
    energy_high_joules: int | None
    """Upper bound; null where accelerators had no meter, which makes the energy "at least"."""
    energy_kwh: float | None
    """The same energy, in kilowatt-hours."""
    energy_provenance: Provenance | None
    """Measured only where all of it was."""


class WorkLine(Record):
    """Work of an institution's people for jobs, as these declared it: posted when a job has ended, over its time."""

    institution: Name
    """Whose people."""
    role: Name
    """Their role."""
    declared_hours: float
    """A: how many hours of all of them together."""


class UsageTable(Record):
    """Usage of one cluster in one period, with its scope."""

    version: str = REPORT_VERSION
    """The shape of this document."""
    cluster: str
    """The scope: whose workers are counted."""
    period_from: str
    """Start of the period, UTC, included."""
    period_to: str
    """End of the period, UTC, excluded."""
    as_of: str
    """Until when what is open was counted, UTC."""
    lines: tuple[UsageLine, ...]
    """One line for each group."""
    total: UsageLine
    """All groups together; a job in two groups counts once."""
    work: tuple[WorkLine, ...] = ()
    """Work of people, by institution and role; empty where no job declared any: how much there was is not known."""

    def to_json(self) -> dict[str, JsonValue]:
        """Return the document for programs: units stand in the names."""
        return self.model_dump(mode="json")


def usage_table(rows: Sequence[UsageRow], total: UsageRow, scope: Scope, work: Sequence[WorkRow] = ()) -> UsageTable:
    """Return usage with units: the rows of :meth:`~.store.Ledger.usage` by some keys, and its one row without keys.

    Of the work of people, that for the cluster's own jobs is told.
    """
    return UsageTable(
        cluster=scope.cluster,
        period_from=_utc(scope.from_ms),
        period_to=_utc(scope.to_ms),
        as_of=_utc(min(scope.now_ms, scope.to_ms)),
        lines=tuple(map(_line, rows)),
        total=_line(total),
        work=tuple(
            WorkLine(institution=row.institution, role=row.role, declared_hours=row.seconds / _SECONDS_PER_HOUR)
            for row in work
            if row.scope == scope.cluster
        ),
    )


def _line(row: UsageRow) -> UsageLine:
    return UsageLine(
        group=row.group,
        jobs=row.jobs,
        workers=row.holds,
        workers_open=row.holds_open,
        workers_end_estimated=row.holds_estimated,
        accelerator_held_seconds=row.accelerator_ms / _MS,
        accelerator_active_seconds=_over(row.accelerator_active_ms, _MS),
        accelerator_measured_share=_over(row.accelerator_measured_ms, row.accelerator_ms),
        accelerator_active_share=_over(row.accelerator_active_ms, row.accelerator_measured_ms),
        cpu_held_core_seconds=row.cpu_held_core_us / _US,
        cpu_used_core_seconds=_over(row.cpu_used_ms, _MS),
        cpu_measured_share=_over(row.cpu_measured_core_us, row.cpu_held_core_us),
        cpu_used_share=_over(row.cpu_used_ms, row.cpu_measured_core_us, scale=_US // _MS),
        memory_held_gib_seconds=row.memory_held_mib_ms / (_MIB_PER_GIB * _MS),
        peak_memory_bytes=row.peak_memory_bytes,
        samples=row.samples,
        parameters=row.parameters,
        flop=row.flop,
        flop_counted_share=_over(row.samples_counted, row.samples or 0),
        bytes_read=row.bytes_read,
        energy_joules=row.joules,
        energy_low_joules=row.joules_low,
        energy_high_joules=row.joules_high,
        energy_kwh=_over(row.joules, _JOULES_PER_KWH),
        energy_provenance=_provenance(row),
    )


def _over(amount: int | None, whole: int, *, scale: int = 1) -> float | None:
    return None if amount is None or whole == 0 else amount * scale / whole


def _provenance(row: UsageRow) -> Provenance | None:
    if row.joules is None:
        return None
    return Provenance.ESTIMATED if row.joules_estimated else Provenance.MEASURED


def _utc(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / _MS, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
