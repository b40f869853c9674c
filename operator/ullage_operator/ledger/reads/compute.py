"""Accelerators by institution and scope: what was held (A), what of it was measured, and what was active (U)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ullage_operator.ledger.entries import Import
from ullage_operator.ledger.selection import Posted
from ullage_operator.ledger.usage import of_worker
from ullage_operator.ledger.workers import Worker

from .periods import Period


@dataclass(frozen=True, kw_only=True)
class ComputeRow:
    """Accelerators of one type that an institution held in one place within a period."""

    scope: str
    """The cluster, or the place that an import is from."""
    imported: bool
    """Whether it is that place's own account rather than ours."""
    institution: str | None
    """Who held them; null is unattributed."""
    programme: str | None
    """For which programme; null is unattributed or not known."""
    model_family: str | None
    """For which models; null is not known."""
    accelerator_type: str | None
    """Which kind; null is not known, or none were held."""
    own_machines: bool | None = None
    """Whether they were the institution's own, as was seen when they were bound; null is not known, or an import."""
    held_ms: int
    """A: accelerators x milliseconds."""
    held_estimated_ms: int = 0
    """The part of A whose end was estimated."""
    measured_ms: int = 0
    """The part of A whose U is known."""
    active_ms: int | None = None
    """U: milliseconds in which a kernel ran, over the measured part; null where that is nothing."""
    workers: int = 0
    """Workers of ours, or jobs of an import."""
    workers_open: int = 0
    """Of these, not released yet."""


def compute(
    workers: Iterable[tuple[str, Worker]], imports: Sequence[Posted[Import]], period: Period, *, now_ms: int
) -> list[ComputeRow]:
    """Sum what was held within a period, ours and imported, each place apart.

    Parameters
    ----------
    workers
        Workers with the cluster that they ran in.
    now_ms
        Until when what is open is held.
    """
    rows = [row for scope, worker in workers if (row := _of_worker(scope, worker, period, now_ms)) is not None]
    rows += [row for one in imports if (row := _of_import(one.entry, period)) is not None]
    sums: dict[tuple[object, ...], ComputeRow] = {}
    for row in rows:
        whose = row.institution, row.programme, row.model_family
        place = row.scope, row.imported, *whose, row.accelerator_type, row.own_machines
        sums[place] = row if place not in sums else _plus(sums[place], row)
    return [row for _, row in sorted(sums.items(), key=lambda item: [str(part or "") for part in item[0]])]


def _of_worker(scope: str, worker: Worker, period: Period, now_ms: int) -> ComputeRow | None:
    used = of_worker(worker, period.from_ms, period.to_ms, now_ms)
    if used is None:
        return None
    context = worker.hold.context
    return ComputeRow(
        scope=scope,
        imported=False,
        institution=context.institution,
        programme=context.programme,
        model_family=context.model_family,
        accelerator_type=worker.hold.accelerator_type,
        own_machines=worker.hold.own_machines,
        held_ms=used.accelerator_ms,
        held_estimated_ms=used.accelerator_ms if used.holds_estimated else 0,
        measured_ms=used.accelerator_measured_ms,
        active_ms=used.accelerator_active_ms if used.accelerator_measured_ms else None,
        workers=1,
        workers_open=used.holds_open,
    )


def _of_import(entry: Import, period: Period) -> ComputeRow | None:
    clipped = period.clip(entry.from_ms, entry.to_ms)
    if clipped is None:
        return None
    held_ms = entry.accelerators * (clipped[1] - clipped[0])
    known = entry.accelerator_active_ms is not None and held_ms > 0
    return ComputeRow(
        scope=entry.scope,
        imported=True,
        institution=entry.institution,
        programme=None,
        model_family=None,
        accelerator_type=entry.accelerator_type,
        held_ms=held_ms,
        measured_ms=held_ms if known else 0,
        active_ms=period.share(entry.accelerator_active_ms or 0, entry.from_ms, entry.to_ms) if known else None,
        workers=1,
    )


def _plus(one: ComputeRow, other: ComputeRow) -> ComputeRow:
    active = [row.active_ms for row in (one, other) if row.active_ms is not None]
    return replace(
        one,
        held_ms=one.held_ms + other.held_ms,
        held_estimated_ms=one.held_estimated_ms + other.held_estimated_ms,
        measured_ms=one.measured_ms + other.measured_ms,
        active_ms=sum(active) if active else None,
        workers=one.workers + other.workers,
        workers_open=one.workers_open + other.workers_open,
    )
