"""A worker as its entries tell it, and the rules by which its books add up. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from . import corrections
from .corrections import counting, other_books
from .entries import Activity, DataUse, Entry, HoldOpened, HoldReleased, OfWorker, WorkerEntry


@dataclass(frozen=True)
class Worker:
    """What a worker held and used, by the entries that count."""

    hold: HoldOpened
    release: HoldReleased | None
    activities: tuple[Activity, ...]
    uses: tuple[DataUse, ...]
    released_at_ms: int | None = None
    """When its end was written down; null is not told."""


def assemble(entries: Sequence[Entry]) -> Worker | None:
    """Return the worker that its entries tell of; None where no hold of it counts."""
    kept = _of_worker(entries)
    hold = next((entry for entry in kept if isinstance(entry, HoldOpened)), None)
    if hold is None:
        return None
    return Worker(
        hold=hold,
        release=next((entry for entry in kept if isinstance(entry, HoldReleased)), None),
        activities=tuple(sorted((e for e in kept if isinstance(e, Activity)), key=lambda a: (a.from_ms, a.to_ms))),
        uses=tuple(sorted((e for e in kept if isinstance(e, DataUse)), key=lambda use: use.key)),
    )


def problems(entries: Sequence[Entry]) -> list[str]:
    """Return everything that does not add up in the entries of one worker, in the order they were posted.

    The rules: a revision follows a reversed one; a reversal names an entry of the same worker, once; there
    is one hold and at most one release; nothing counts without a hold, in other books than its hold, or at
    a time outside of it; and no millisecond is in two activities.
    """
    return [*corrections.problems(entries), *_bounds(entries)]


def _of_worker(entries: Sequence[Entry]) -> list[OfWorker]:
    return [entry for entry in counting(entries) if isinstance(entry, WorkerEntry)]


def _bounds(entries: Sequence[Entry]) -> Iterator[str]:
    kept = _of_worker(entries)
    worker = assemble(entries)
    for kind in (HoldOpened, HoldReleased):
        if len(ids := [entry.id for entry in kept if isinstance(entry, kind)]) > 1:
            yield f"worker {kept[0].worker_uid}: expected at most one {kind.type}, found {', '.join(ids)}"
    if worker is None:
        for entry in kept:
            yield (
                f"{entry.id}: expected a hold of worker {entry.worker_uid}, found none that counts; "
                "post the hold before it, or together with it"
            )
        return
    start, end = worker.hold.from_ms, worker.release.to_ms if worker.release else None
    for entry in (entry for entry in kept if not isinstance(entry, HoldOpened)):
        if entry.context != worker.hold.context:
            yield other_books(entry, worker.hold)
        first, last = entry.effective_ms
        if first < start or (end is not None and (first if last is None else last) > end):
            until = "still open" if end is None else f"until {end}"
            found = f"{first}" if last is None else f"{first} to {last}"
            yield f"{entry.id}: expected times within its hold, from {start} {until} (ms), found {found}"
    for one, other in pairwise(worker.activities):
        if other.from_ms < one.to_ms:
            yield f"{other.id}: expected it to start at or after {one.to_ms} (ms), where {one.id} ends"
