"""What workers held and used in a period. Pure, and in integers: parts over adjacent periods sum to the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Final, Literal

from .base import Provenance
from .entries import Activity
from .workers import Worker

GroupKey = Literal["institution", "programme", "model_family", "job", "stage", "outcome"]

_GREATEST: Final = ("peak_memory_bytes", "parameters")
"""Of these a group has the greatest; everything else is summed."""

_COUNTS: Final = ("holds", "holds_open", "holds_estimated")
"""Of these a worker is one, whatever number of rows it has."""

OPEN: Final = "Open"
"""The outcome of a hold that has not been released."""


@dataclass(frozen=True)
class UsageRow:
    """One group's use in a period. A is what was allocated, U what of it was active; null is unknown."""

    group: dict[GroupKey, str | None] = field(default_factory=dict)
    """The value of each key that was grouped by; null is unattributed."""
    jobs: int = 0
    """Distinct jobs."""
    holds: int = 0
    """Workers that held something."""
    holds_open: int = 0
    """Of these, not released yet."""
    holds_estimated: int = 0
    """Of these, released at a time that was estimated."""
    accelerator_ms: int = 0
    """A: accelerators x milliseconds."""
    accelerator_measured_ms: int = 0
    """The part of A in holds whose U is known."""
    accelerator_active_ms: int | None = None
    """U: milliseconds in which a kernel ran, summed over accelerators."""
    cpu_held_core_us: int = 0
    """A: core-microseconds, which are thousandths of a core x milliseconds."""
    cpu_measured_core_us: int = 0
    """The part of A in holds whose U is known."""
    cpu_used_ms: int | None = None
    """U: milliseconds of CPU time; it may exceed A where a worker may use more than it asked for."""
    memory_held_mib_ms: int = 0
    """A: MiB x milliseconds."""
    peak_memory_bytes: int | None = None
    """Greatest resident set of one process."""
    samples: int | None = None
    """Samples gone through."""
    samples_counted: int | None = None
    """The part of the samples whose operations are known."""
    flop: int | None = None
    """Floating-point operations of training on them, counted from the model's graph."""
    parameters: int | None = None
    """How many numbers the greatest model holds that was trained."""
    bytes_read: int | None = None
    """Bytes of input files read."""
    joules: int | None = None
    """Energy of IT equipment."""
    joules_low: int | None = None
    """Lower bound of the energy."""
    joules_high: int | None = None
    """Upper bound; null also where an accelerator without a meter makes the energy "at least"."""
    joules_estimated: int | None = None
    """The part of the energy that was estimated."""


def prorated(total: int, from_ms: int, to_ms: int, *, start_ms: int, end_ms: int) -> int:
    """Return the part of a total, spread evenly over ``[from_ms, to_ms)``, that falls in ``[start_ms, end_ms)``.

    The difference of two running totals, each rounded down: so the parts in adjacent periods sum to the
    whole exactly. What took no time falls in the period that its instant is in.
    """

    def until(at_ms: int) -> int:
        if at_ms <= from_ms:
            return 0
        return total if at_ms >= to_ms else total * (at_ms - from_ms) // (to_ms - from_ms)

    return until(end_ms) - until(start_ms)


@dataclass(frozen=True)
class Member:
    """A worker as one of a group."""

    worker_uid: str
    job_uid: str
    group: tuple[str | None, ...]
    """The value of each key that is grouped by."""


def usage(
    workers: Iterable[Worker], *, from_ms: int, to_ms: int, now_ms: int, by: Sequence[GroupKey] = ()
) -> list[UsageRow]:
    """Sum what workers held and used in the period ``[from_ms, to_ms)``, by group.

    Open holds last until now. Activity counts pro rata of its time. Without keys there is always one row;
    with keys, one for each group that held something, in the order of the groups.

    Raises
    ------
    ValueError
        The period ends before it starts, or a key is unknown.
    """
    check(from_ms, to_ms, by)
    return grouped(members(workers, from_ms=from_ms, to_ms=to_ms, now_ms=now_ms, by=by), by)


def check(from_ms: int, to_ms: int, by: Sequence[GroupKey]) -> None:
    """Refuse a period that ends before it starts, and unknown keys, by a ``ValueError``."""
    if to_ms < from_ms:
        raise ValueError(f"expected a period that ends at or after its start {from_ms} (ms), found end {to_ms}")
    if unknown := [key for key in by if key not in _KEYS]:
        raise ValueError(f"expected keys among {', '.join(_KEYS)}, found {', '.join(map(repr, unknown))}")


def members(
    workers: Iterable[Worker], *, from_ms: int, to_ms: int, now_ms: int, by: Sequence[GroupKey]
) -> Iterator[tuple[Member, UsageRow]]:
    """Yield what each worker held and used in a period, with the group that it is in."""
    for worker in workers:
        row = of_worker(worker, from_ms, to_ms, now_ms)
        if row is not None:
            hold = worker.hold
            yield Member(hold.worker_uid, hold.context.job_uid, tuple(_KEYS[key](worker) for key in by)), row


def grouped(found: Iterable[tuple[Member, UsageRow]], by: Sequence[GroupKey]) -> list[UsageRow]:
    """Sum rows of workers, of which one may have several, by group."""
    groups: dict[tuple[str | None, ...], dict[Member, list[UsageRow]]] = {} if by else {(): {}}
    for member, row in found:
        groups.setdefault(member.group, {}).setdefault(member, []).append(row)
    in_order = sorted(groups.items(), key=lambda item: tuple((value is None, value or "") for value in item[0]))
    return [_group(dict(zip(by, group, strict=True)), workers) for group, workers in in_order]


def _group(group: dict[GroupKey, str | None], workers: Mapping[Member, Sequence[UsageRow]]) -> UsageRow:
    """Sum the rows of a group; a worker counts once, and not where something is only taken back."""
    counts = {name: sum(max(getattr(row, name) for row in rows) for rows in workers.values()) for name in _COUNTS}
    # What was open when a period was closed may have ended since: what was told last says so.
    counts["holds_open"] = sum(
        min((row.holds_open for row in rows if row.holds), default=0) for rows in workers.values()
    )
    jobs = {member.job_uid for member, rows in workers.items() if any(row.holds for row in rows)}
    return replace(_total(group, [row for rows in workers.values() for row in rows]), jobs=len(jobs), **counts)


def less(row: UsageRow) -> UsageRow:
    """Return what takes back what was told of one worker: a known amount, whatever it was once estimated to be."""
    taken = {
        column.name: -value
        for column in fields(UsageRow)
        if isinstance(value := getattr(row, column.name), int) and column.name not in (*_COUNTS, *_GREATEST, "jobs")
    }
    bounds = {} if row.joules is None else {"joules_low": -row.joules, "joules_high": -row.joules}
    return UsageRow(group=row.group, **{**taken, **bounds})


_KEYS: Final[dict[GroupKey, Callable[[Worker], str | None]]] = {
    "institution": lambda worker: worker.hold.context.institution,
    "programme": lambda worker: worker.hold.context.programme,
    "model_family": lambda worker: worker.hold.context.model_family,
    "job": lambda worker: f"{worker.hold.context.namespace}/{worker.hold.context.job}",
    "stage": lambda worker: worker.hold.stage.value,
    "outcome": lambda worker: worker.release.outcome.value if worker.release else OPEN,
}


def of_worker(worker: Worker, start_ms: int, end_ms: int, now_ms: int) -> UsageRow | None:
    """Return what one worker held and used in ``[start_ms, end_ms)``; None where it held nothing then."""
    hold, release = worker.hold, worker.release
    hold_end_ms = release.to_ms if release else max(now_ms, hold.from_ms)
    held_ms = max(0, min(end_ms, hold_end_ms) - max(start_ms, hold.from_ms))
    here = [entry for entry in worker.activities if touches(entry.from_ms, entry.to_ms, start_ms, end_ms)]
    if not here and not touches(hold.from_ms, hold_end_ms, start_ms, end_ms):
        return None
    known = bool(worker.activities)
    gpu_known = known and all(entry.usage.gpu_active_ms is not None for entry in worker.activities)

    def part(of: Callable[[Activity], int | None]) -> int | None:
        """Sum the period's part over activities; null where there is none at all, or one does not know."""
        parts = [_part(of(entry), entry, start_ms, end_ms) for entry in here]
        in_full = [value for value in parts if value is not None]
        return sum(in_full) if known and len(in_full) == len(parts) else None

    return UsageRow(
        holds=1,
        holds_open=int(release is None),
        holds_estimated=int(release is not None and release.provenance is Provenance.ESTIMATED),
        accelerator_ms=hold.accelerators * held_ms,
        accelerator_measured_ms=hold.accelerators * held_ms if gpu_known else 0,
        accelerator_active_ms=part(lambda entry: entry.usage.gpu_active_ms) if gpu_known else None,
        cpu_held_core_us=hold.cpu_millis * held_ms,
        cpu_measured_core_us=hold.cpu_millis * held_ms if known else 0,
        cpu_used_ms=part(lambda entry: entry.usage.cpu_ms),
        memory_held_mib_ms=hold.memory_mib * held_ms,
        peak_memory_bytes=max((entry.usage.peak_memory_bytes for entry in here), default=None),
        samples=part(lambda entry: entry.usage.samples),
        samples_counted=part(lambda entry: 0 if entry.usage.flop is None else entry.usage.samples),
        flop=part(lambda entry: entry.usage.flop),
        parameters=max((e.parameters for e in here if e.parameters is not None), default=None),
        bytes_read=part(lambda entry: entry.usage.bytes_read),
        joules=part(lambda entry: entry.energy.joules),
        joules_low=part(lambda entry: entry.energy.joules_low),
        joules_high=part(lambda entry: entry.energy.joules_high),
        joules_estimated=part(
            lambda entry: 0 if entry.energy.provenance is Provenance.MEASURED else entry.energy.joules
        ),
    )


def touches(from_ms: int, to_ms: int, start_ms: int, end_ms: int) -> bool:
    """Tell whether a time shares a millisecond with a period; an instant shares its own."""
    return from_ms < end_ms and (to_ms > start_ms or from_ms == to_ms == start_ms)


def _part(total: int | None, entry: Activity, start_ms: int, end_ms: int) -> int | None:
    return None if total is None else prorated(total, entry.from_ms, entry.to_ms, start_ms=start_ms, end_ms=end_ms)


def _total(group: dict[GroupKey, str | None], rows: Sequence[UsageRow]) -> UsageRow:
    """Sum rows: of peaks and sizes the greatest, null where nothing is known, and no upper bound where one has none."""
    sums: dict[str, int] = {}
    for column in fields(UsageRow):
        known = [getattr(row, column.name) for row in rows if getattr(row, column.name) is not None]
        if known and column.name != "group":
            sums[column.name] = max(known) if column.name in _GREATEST else sum(known)
    if any(row.joules is not None and row.joules_high is None for row in rows):
        sums.pop("joules_high", None)
    return UsageRow(group=group, **sums)
