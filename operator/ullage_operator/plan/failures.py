"""Which of several failures is the cause, and whether another attempt may end differently."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ullage_trainer.config import RETRYABLE, Failure, Reason

from .workers import Worker, WorkerPhase

_CONSEQUENCES: Final = frozenset({Reason.PEER_FAILED, Reason.STOPPED})


def cause_of(attempt: Sequence[Worker], expected: int) -> Failure:
    """Return what went wrong first in an attempt of so many workers.

    What a worker says of itself, or what was seen of its end, comes first; then that one is gone, or ended without
    a word and unasked.
    A failure that is only the consequence of another's is the cause where nothing else is known.
    """
    ended = _failed(attempt)
    if own := _own(ended):
        return min(own, key=lambda failure: failure.worker)
    if gone := sorted(set(range(expected)) - {worker.index for worker in attempt}):
        which = ", ".join(str(index) for index in gone)
        return Failure(reason=Reason.LOST, worker=gone[0], message=f"gone without a trace: worker {which}"[:1024])
    silent = [worker for worker in ended if worker.report is None or worker.report.failure is None]
    told = [worker.report.failure for worker in ended if worker.report is not None and worker.report.failure]
    unasked = [worker for worker in silent if not worker.stopping]
    if unasked or not told:
        return _silent((unasked or silent)[0].index)
    return told[0]


def stopped_by_us(attempt: Sequence[Worker], expected: int) -> bool:
    """Tell whether an attempt failed only because its workers were asked to stop, which is nobody's failure."""
    ended = _failed(attempt)
    return len(attempt) >= expected and not _own(ended) and all(worker.stopping for worker in ended)


def _failed(attempt: Sequence[Worker]) -> list[Worker]:
    return sorted((w for w in attempt if w.phase is WorkerPhase.FAILED), key=lambda worker: worker.index)


def _own(ended: Sequence[Worker]) -> list[Failure]:
    told = [worker.report.failure for worker in ended if worker.report is not None]
    seen = [worker.seen for worker in ended]
    return [failure for failure in (*told, *seen) if failure is not None and failure.reason not in _CONSEQUENCES]


def _silent(index: int) -> Failure:
    return Failure(reason=Reason.LOST, worker=index, message=f"worker {index} ended without saying why")


def may_end_differently(failure: Failure) -> bool:
    """Tell whether another attempt is worth while. Bad input never is."""
    return failure.reason in RETRYABLE or failure.reason is Reason.STOPPED
