"""A gang that waits: in a queue, or with places for some of its workers and none for the others. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from ullage_trainer.config import Reason

from .workers import Worker

_DOUBLINGS: Final = 5


def is_gated(attempt: Iterable[Worker]) -> bool:
    """Tell whether a queue holds back some of an attempt's workers."""
    return any(worker.gated for worker in attempt if worker.live)


def is_torn(attempt: Iterable[Worker]) -> bool:
    """Tell whether some of an attempt's workers have places, and there are none for others.

    What they hold is of no use until the others have places too. Two such gangs, each of which would fit alone,
    would wait for each other forever.
    """
    live = [worker for worker in attempt if worker.live and not worker.stopping]
    placeless = [worker for worker in live if not worker.bound and not worker.gated]
    refused = [w for w in placeless if w.seen is not None and w.seen.reason is Reason.UNSCHEDULABLE]
    return bool(refused) and any(worker.bound for worker in live)


def pause_ms(job_uid: str, count: int, backoff_ms: int) -> int:
    """Return how long a job that gave way ``count`` times waits before it tries again.

    Doubled with each time, and spread by the job's UID: jobs that gave way together do not come back together.
    """
    spread = int.from_bytes(hashlib.sha256(job_uid.encode()).digest()[:4])
    return backoff_ms * (1 << min(max(count - 1, 0), _DOUBLINGS)) + spread % max(backoff_ms, 1)
