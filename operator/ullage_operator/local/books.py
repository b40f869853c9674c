"""What the ledger is told of local workers: a hold before a worker starts, the rest once it has ended."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psutil

from ullage_operator.accounts import is_final, outcome_of, used
from ullage_operator.ledger import Entry, HoldOpened, HoldReleased, Ledger, Outcome, Provenance
from ullage_operator.plan import Worker, WorkerPhase
from ullage_trainer.config import ExitReport

from .process import WorkerFolder

_END_MARGIN_SECONDS: Final = 5.0


def local_accelerators() -> int:
    """Return how many NVIDIA devices this machine has: a job that asks for more than none here holds none."""
    return len(list(Path("/dev").glob("nvidia[0-9]*")))


def ended(hold: HoldOpened, report: ExitReport | None, *, killed: bool) -> list[Entry]:
    """Return what is written of a worker that has ended.

    Its own last word is measured. A worker that was cut off ended, as far as is known, at its last
    heartbeat; one that never wrote any never started. Both are marked estimated.
    """
    if report is None:
        return [
            HoldReleased(
                context=hold.context,
                worker_uid=hold.worker_uid,
                to_ms=hold.from_ms,
                outcome=Outcome.LOST,
                provenance=Provenance.ESTIMATED,
                source="no report: it never started",
            )
        ]
    measured = is_final(report) and not killed
    end = max(hold.from_ms, report.updated_ms)
    return [
        HoldReleased(
            context=hold.context,
            worker_uid=hold.worker_uid,
            to_ms=end,
            outcome=outcome_of(report),
            provenance=Provenance.MEASURED if measured else Provenance.ESTIMATED,
            source="exit report" if measured else "last heartbeat",
        ),
        *used(hold, report, end, measured=measured),
    ]


def write_ended(ledger: Ledger, workers: tuple[Worker, ...], holds: dict[str, HoldOpened]) -> None:
    """Write the end of each worker that has ended and is not yet written; the ledger knows which are."""
    for worker in workers:
        if worker.uid in holds and worker.phase in (WorkerPhase.SUCCEEDED, WorkerPhase.FAILED):
            ledger.post(ended(holds[worker.uid], worker.report, killed=False))
            del holds[worker.uid]


def settle(ledger: Ledger, workers: Path, say: Callable[[str], None]) -> int:
    """Close the holds that an earlier run left open because it was cut off; return how many there were.

    Its agents end by themselves when their starter is gone; one that has not is waited for, then ended.
    """
    left = ledger.open_holds()
    for hold in left:
        folder = WorkerFolder(workers / hold.worker_uid)
        process = folder.process()
        killed = False
        if process is not None:
            say(f"waiting for a worker of an earlier run that was cut off ({hold.context.job}, pid {process.pid})")
            killed = _end(process, folder.grace_period_seconds() + _END_MARGIN_SECONDS)
        ledger.post(ended(hold, folder.report(), killed=killed))
    return len(left)


def _end(process: psutil.Process, timeout_seconds: float) -> bool:
    """Wait for a process to end, kill it if it does not; return whether it was killed."""
    with contextlib.suppress(psutil.Error):
        try:
            process.wait(timeout=timeout_seconds)
        except psutil.TimeoutExpired:
            children = process.children(recursive=True)
            for victim in (process, *children):
                victim.kill()
            psutil.wait_procs([process, *children], timeout=5)
            return True
    return False


def now_ms() -> int:
    """Return milliseconds since 1970 by this machine's clock."""
    return time.time_ns() // 1_000_000
