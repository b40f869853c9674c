"""Gangs that wait for each other: each has places for some of its pods, and together they leave none for the rest."""

from __future__ import annotations

from collections.abc import Sequence

from ullage_operator.api.types import TrainingJob
from ullage_operator.plan import Worker
from ullage_operator.plan.gang import is_torn

from .jobs import Jobs
from .names import JOB_UID_LABEL, JobKey, JsonObject, labels_of, uid_of
from .observe import observe
from .reflector import Reflector


def elder(job: TrainingJob, workers: Sequence[Worker], jobs: Jobs, pods: Reflector, now_ms: int) -> str | None:
    """Return the oldest job to which this one gives way; null if it keeps its places.

    Of all the gangs that are torn, the oldest job's stays. Others are only looked at where this one is torn.
    """
    if not is_torn(workers):
        return None
    own = (job.metadata.namespace or "", job.metadata.name)
    torn = [own, *(key for key in pods.keys() if key != own and _is_torn(key, jobs, pods, now_ms))]  # noqa: SIM118
    known = {key: raw for key in torn if (raw := jobs.get(key)) is not None}
    oldest = min(known, key=lambda key: _age(known[key]), default=own)
    return None if oldest == own else "/".join(oldest)


def _is_torn(key: JobKey, jobs: Jobs, pods: Reflector, now_ms: int) -> bool:
    raw = jobs.get(key)
    if raw is None:
        return False
    own = [item for item in pods.of(key) if labels_of(item).get(JOB_UID_LABEL) == uid_of(raw)]
    return is_torn([observe(item, None, now_ms) for item in own])


def _age(raw: JsonObject) -> tuple[str, str]:
    return raw["metadata"]["creationTimestamp"], uid_of(raw)
