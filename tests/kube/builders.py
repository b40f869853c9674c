"""Pods as the API server tells of them."""

from __future__ import annotations

from typing import Any

from plan.builders import make_job
from ullage_operator.accounts import context_of
from ullage_operator.api.types import TrainingJob
from ullage_operator.cluster.names import JsonObject
from ullage_operator.cluster.pods import PodSettings, placed, pod
from ullage_operator.plan import stage_document, worker_plans
from ullage_trainer.config import ExitReport, Stage, Usage, WorkerState

BOUND = "2026-11-23T08:00:05Z"
BOUND_MS = 1_795_420_805_000
ENDED = "2026-11-23T08:01:05Z"
ENDED_MS = BOUND_MS + 60_000
IMAGE = "registry.example/trainer:1"
SCRIPT: dict[str, Any] = {
    "script": {"path": "work.py"},
    "storage": {"persistentVolumeClaim": {"claimName": "data"}, "path": "team"},
    "accounting": {"institution": "north", "programme": "optics"},
}


def scripted(**changes: Any) -> TrainingJob:
    """A job of two workers that run a script."""
    job = make_job(SCRIPT, **changes)
    return job.model_copy(update={"status": job.status.model_copy(update={"image": IMAGE})})


def made(job: TrainingJob | None = None, index: int = 0) -> JsonObject:
    """A worker's pod as it is created."""
    job = job or scripted()
    document = placed(stage_document(job, Stage.TRAIN, 1, {}, "/storage/team"), PodSettings())
    plan = worker_plans(job, Stage.TRAIN, 1)[index]
    return pod(job, document, plan, b"key", PodSettings())


def observed(
    state: dict[str, Any] | None = None,
    *,
    phase: str = "Pending",
    bound: bool = True,
    metadata: dict[str, Any] | None = None,
    annotations: dict[str, str] | None = None,
    conditions: list[dict[str, Any]] | None = None,
    **status: Any,
) -> JsonObject:
    """A pod as it was last seen."""
    item = made()
    item["metadata"] |= {"uid": "uid-of-pod", "resourceVersion": "1", **(metadata or {})}
    item["metadata"]["annotations"] |= annotations or {}
    if bound:
        item["spec"]["nodeName"] = "node-1"
    scheduled = {"type": "PodScheduled", "status": "True" if bound else "False", "lastTransitionTime": BOUND}
    statuses = [] if state is None else [{"name": "trainer", "state": state}]
    item["status"] = {
        "phase": phase,
        "conditions": [*([scheduled] if bound else []), *(conditions or [])],
        "containerStatuses": statuses,
        **status,
    }
    return item


def report(state: WorkerState, **facts: Any) -> ExitReport:
    """What a worker says of itself."""
    return ExitReport(
        stage=Stage.TRAIN,
        attempt=1,
        index=0,
        state=state,
        started_ms=BOUND_MS + 2_000,
        updated_ms=ENDED_MS - 1_000,
        **{"usage": Usage(wall_ms=57_000, cpu_ms=50_000, peak_memory_bytes=1 << 20, samples=10), **facts},
    )


def terminated(code: int, last_word: ExitReport | None = None, **facts: Any) -> dict[str, Any]:
    """A container that has ended."""
    said = {} if last_word is None else {"message": last_word.encode().decode()}
    return {"terminated": {"exitCode": code, "finishedAt": ENDED, **said, **facts}}


CONTEXT = context_of(scripted())
