"""Accelerators and cores by institution and scope: what was held (A), what of it was measured, what was active (U)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from typing import Final, Literal

from ullage_operator.ledger.base import Provenance, weaker
from ullage_operator.ledger.entries import Import
from ullage_operator.ledger.usage import UsageRow, of_worker, touches
from ullage_operator.ledger.workers import Worker

from .periods import Period
from .spans import Told

_MILLIS: Final = 1000
"""Thousandths of a core in a core."""


@dataclass(frozen=True, kw_only=True)
class ComputeRow:
    """Accelerators of one type, or cores, that an institution held in one place within a period.

    Amounts are accelerators x milliseconds, or thousandths of a core x milliseconds.
    """

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
    resource: Literal["accelerator", "cpu"] = "accelerator"
    """Accelerators or cores."""
    accelerator_type: str | None
    """Which kind of accelerator; null is not known, and of cores."""
    own_machines: bool | None = None
    """Whether they were the institution's own, as was seen when they were bound; null is not known, or an import."""
    held_ms: int
    """A."""
    held_provenance: Provenance = Provenance.MEASURED
    """How A is known: as its weakest part."""
    held_low_ms: int | None = None
    """Of an estimated A, the lower bound: held until the last sign of life; null is not known."""
    held_high_ms: int | None = None
    """Of an estimated A, the upper bound: held until its end was written down; null is not known."""
    measured_ms: int = 0
    """The part of A whose U is known."""
    active_ms: int | None = None
    """U: time in which a kernel ran, or CPU time, over that part; null where that is nothing."""
    active_provenance: Provenance = Provenance.MEASURED
    """How U is known: as its weakest part."""
    workers: int = 0
    """Workers of ours, or jobs of an import."""
    workers_open: int = 0
    """Of these, not released yet."""
    late: bool = False
    """Whether late facts of closed periods count in it: amounts may then be negative, and U's part exceed A."""

    @property
    def held_bounds_ms(self) -> tuple[int | None, int | None]:
        """Between what A lies: of all but estimates, A itself."""
        estimated = self.held_provenance is Provenance.ESTIMATED
        return (self.held_low_ms, self.held_high_ms) if estimated else (self.held_ms, self.held_ms)


def of_workers(
    workers: Iterable[tuple[str, Worker]], from_ms: int, to_ms: int, now_ms: int
) -> Iterator[tuple[Hashable, ComputeRow]]:
    """Yield what each worker held within a time, by which worker it is; what is open is held until now.

    Parameters
    ----------
    workers
        Workers with the cluster that they ran in.
    """
    period = Period(from_ms, to_ms)
    for scope, worker in workers:
        for row in _of_worker(scope, worker, period, now_ms):
            yield (worker.hold.worker_uid, _place(row)), row


def of_imports(imports: Iterable[Import], from_ms: int, to_ms: int) -> Iterator[tuple[Hashable, ComputeRow]]:
    """Yield what each import held within a time, by which it is."""
    period = Period(from_ms, to_ms)
    for entry in imports:
        for row in _of_import(entry, period):
            yield (entry.id, _place(row)), row


def summed(found: Iterable[Told[Hashable, ComputeRow]]) -> list[ComputeRow]:
    """Sum what was held, ours and imported, each place apart; a worker of several rows counts once."""
    places: dict[tuple[object, ...], dict[Hashable, ComputeRow]] = {}
    for each in found:
        row = replace(each.row, late=each.late)
        of_place = places.setdefault(_place(row), {})
        before = of_place.get(each.key)
        of_place[each.key] = row if before is None else _again(before, row)
    return [
        reduce(_plus, of_place.values())
        for _, of_place in sorted(places.items(), key=lambda item: [str(part or "") for part in item[0]])
    ]


def less(row: ComputeRow) -> ComputeRow:
    """Return what takes back what was told of a worker or an import: a known amount, however it was known."""
    return replace(
        row,
        held_ms=-row.held_ms,
        held_provenance=Provenance.MEASURED,
        held_low_ms=None,
        held_high_ms=None,
        measured_ms=-row.measured_ms,
        active_ms=None if row.active_ms is None else -row.active_ms,
        active_provenance=Provenance.MEASURED,
        workers=0,
        workers_open=0,
    )


def _place(row: ComputeRow) -> tuple[object, ...]:
    owner = row.scope, row.imported, row.institution, row.programme, row.model_family
    return *owner, row.resource, row.accelerator_type, row.own_machines


def _of_worker(scope: str, worker: Worker, period: Period, now_ms: int) -> Iterator[ComputeRow]:
    """Yield the accelerators and the cores that a worker held, or may have held, within a period."""
    hold = worker.hold
    low_ms, high_ms = _bounds_ms(worker, period)
    found = of_worker(worker, period.from_ms, period.to_ms, now_ms)
    if found is None and not high_ms:
        return
    used = found or UsageRow()
    here = [e for e in worker.activities if touches(e.from_ms, e.to_ms, period.from_ms, period.to_ms)]
    row = ComputeRow(
        scope=scope,
        imported=False,
        institution=hold.context.institution,
        programme=hold.context.programme,
        model_family=hold.context.model_family,
        accelerator_type=None,
        own_machines=hold.own_machines,
        held_ms=0,
        held_provenance=Provenance.MEASURED if high_ms is None else Provenance.ESTIMATED,
        active_provenance=weaker(each.provenance for each in here),
        workers=used.holds,
        workers_open=used.holds_open,
    )
    if hold.accelerators:
        yield replace(
            row,
            accelerator_type=hold.accelerator_type,
            held_ms=used.accelerator_ms,
            held_low_ms=_times(hold.accelerators, low_ms),
            held_high_ms=_times(hold.accelerators, high_ms),
            measured_ms=used.accelerator_measured_ms,
            active_ms=used.accelerator_active_ms if used.accelerator_measured_ms else None,
        )
    if hold.cpu_millis:
        yield replace(
            row,
            resource="cpu",
            held_ms=used.cpu_held_core_us,
            held_low_ms=_times(hold.cpu_millis, low_ms),
            held_high_ms=_times(hold.cpu_millis, high_ms),
            measured_ms=used.cpu_measured_core_us,
            active_ms=_times(_MILLIS, used.cpu_used_ms) if used.cpu_measured_core_us else None,
        )


def _bounds_ms(worker: Worker, period: Period) -> tuple[int | None, int | None]:
    """Return how long a worker with an estimated end held at least and at most within a period; of others, nulls.

    At least until its last sign of life, which is the end of what it is known to have done, or its start; at most
    until its end was written down.
    """
    start_ms, release = worker.hold.from_ms, worker.release
    if release is None or release.provenance is not Provenance.ESTIMATED:
        return None, None
    seen_ms = max((each.to_ms for each in worker.activities), default=start_ms)
    written_ms = max(release.to_ms, worker.released_at_ms or release.to_ms)

    def until(end_ms: int) -> int:
        return max(0, min(end_ms, period.to_ms) - max(start_ms, period.from_ms))

    return until(seen_ms), until(written_ms)


def _of_import(entry: Import, period: Period) -> Iterator[ComputeRow]:
    """Yield the accelerators and the cores that an import says were held within a period."""
    clipped = period.clip(entry.from_ms, entry.to_ms)
    if clipped is None:
        return
    held_ms = clipped[1] - clipped[0]
    row = ComputeRow(
        scope=entry.scope,
        imported=True,
        institution=entry.institution,
        programme=None,
        model_family=None,
        accelerator_type=None,
        held_ms=0,
        held_provenance=entry.provenance,
        active_provenance=entry.provenance,
        workers=1,
    )
    for changes, amount, active in (
        ({"accelerator_type": entry.accelerator_type}, entry.accelerators, entry.accelerator_active_ms),
        ({"resource": "cpu"}, entry.cpu_millis, _times(_MILLIS, entry.cpu_ms)),
    ):
        if amount:
            yield replace(
                row,
                **changes,
                held_ms=amount * held_ms,
                measured_ms=0 if active is None else amount * held_ms,
                active_ms=None if active is None else period.share(active, entry.from_ms, entry.to_ms),
            )


def _times(amount: int, time_ms: int | None) -> int | None:
    return None if time_ms is None else amount * time_ms


def _plus(one: ComputeRow, other: ComputeRow) -> ComputeRow:
    known = [row for row in (one, other) if row.active_ms is not None]
    provenance = weaker((one.held_provenance, other.held_provenance))
    estimated = provenance is Provenance.ESTIMATED
    low_ms, high_ms = (
        None if not estimated or mine is None or theirs is None else mine + theirs
        for mine, theirs in zip(one.held_bounds_ms, other.held_bounds_ms, strict=True)
    )
    return replace(
        one,
        late=one.late or other.late,
        held_ms=one.held_ms + other.held_ms,
        held_provenance=provenance,
        held_low_ms=low_ms,
        held_high_ms=high_ms,
        measured_ms=one.measured_ms + other.measured_ms,
        active_ms=sum(row.active_ms or 0 for row in known) if known else None,
        active_provenance=weaker(row.active_provenance for row in known),
        workers=one.workers + other.workers,
        workers_open=one.workers_open + other.workers_open,
    )


def _again(one: ComputeRow, other: ComputeRow) -> ComputeRow:
    told = [row for row in (one, other) if row.workers]
    # What was open when a period was closed may have ended since: what was told last says so.
    still_open = min((row.workers_open for row in told), default=0)
    return replace(_plus(one, other), workers=min(len(told), 1), workers_open=still_open)
