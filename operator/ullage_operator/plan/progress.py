"""How far an attempt is and what it has taken, by what its workers say. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ullage_operator.api.types import JobStatus, StageStatus
from ullage_trainer.config import Usage

from .instants import brief_duration
from .workers import Worker


def with_progress(status: JobStatus, attempt: Sequence[Worker]) -> JobStatus:
    """Return the status with what worker 0 says of its progress, if it says anything."""
    report = attempt[0].report if attempt else None
    progress = report.progress if report is not None else None
    if progress is None:
        return status
    share = progress.step / progress.total_steps if progress.total_steps else None
    return status.model_copy(
        update={
            "progress": progress,
            "progress_text": "" if share is None else f"{share:.0%}",
            "eta": "" if progress.eta_seconds is None else brief_duration(progress.eta_seconds),
            "metric": f"{progress.metric[0]} {progress.metric[1]:.4g}" if progress.metric else status.metric,
        }
    )


def attempt_usage(attempt: Sequence[Worker]) -> Usage:
    """Return what an attempt's workers have taken, as far as they told."""
    total = Usage()
    for worker in attempt:
        if worker.report is not None:
            total += worker.report.usage
    return total


def usage_so_far(attempt: Sequence[Worker]) -> Usage | None:
    """Return what an attempt's workers have taken until now; null while that is not known of all of them."""
    if attempt and all(worker.report is not None for worker in attempt):
        return attempt_usage(attempt)
    lead = attempt[0].report if attempt else None
    return None if lead is None else lead.gang_usage


def usage_of(stage: StageStatus, attempt: Sequence[Worker]) -> Usage:
    """Return what a stage has taken with its latest attempt."""
    return (stage.usage or Usage()) + attempt_usage(attempt)
