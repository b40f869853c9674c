"""Which of several failures is the cause, and whether another attempt may end differently."""

from __future__ import annotations

from collections.abc import Iterable

from ullage_trainer.config import RETRYABLE, Failure, Reason

from .workers import Worker, WorkerPhase


def cause_of(workers: Iterable[Worker]) -> Failure:
    """Return what went wrong first among workers that ended badly.

    A failure that a worker reports because of another's is the cause only if no other is known.
    """
    ended = [worker for worker in workers if worker.phase is WorkerPhase.FAILED]
    told = [worker.report.failure for worker in ended if worker.report is not None and worker.report.failure]
    own = [failure for failure in told if failure.reason not in (Reason.PEER_FAILED, Reason.STOPPED)]
    for failures in (own, told):
        if failures:
            return min(failures, key=lambda failure: failure.worker)
    worker = min(ended, key=lambda worker: worker.index, default=None)
    return Failure(
        reason=Reason.LOST,
        worker=worker.index if worker else 0,
        message=f"worker {worker.index if worker else 0} ended without saying why",
    )


def may_end_differently(failure: Failure) -> bool:
    """Tell whether another attempt is worth while. Bad input never is."""
    return failure.reason in RETRYABLE or failure.reason is Reason.STOPPED
