"""The document of an attempt, from the job and from what its earlier stages made."""

from __future__ import annotations

from collections.abc import Mapping

from ullage_operator.api.types import StageStatus, TrainingJob
from ullage_trainer.config import Gang, JobIdentity, Stage, StageDocument, StageUsage, Storage

from .workers import worker_plans


def stage_document(
    job: TrainingJob, stage: Stage, attempt: int, statuses: Mapping[Stage, StageStatus], storage_root: str
) -> StageDocument:
    """Return what the workers of an attempt are given. Where worker 0 is found, the cluster adds.

    Every run of a job has a folder of its own, and every attempt one below it, so that an old attempt
    that is cut off can overwrite nothing.
    """
    spec = job.spec
    uid = job.metadata.uid or ""
    training = stage is Stage.TRAIN
    return StageDocument(
        job=JobIdentity(namespace=job.metadata.namespace or "default", name=job.metadata.name, uid=uid),
        stage=stage,
        attempt=attempt,
        gang=Gang(
            replicas=spec.workers.replicas if training else 1,
            slots_per_worker=spec.workers.slots_per_worker if training else 1,
            cores_per_worker=_cores(job, stage, attempt),
        ),
        storage=Storage(
            root=storage_root,
            job=job.metadata.name,
            output=f"{job.metadata.name}/runs/{uid[:8]}/{stage}-{attempt}",
        ),
        dataset=_made(statuses, Stage.PREPARE) or (spec.inputs.dataset if spec.inputs else None),
        trained=_made(statuses, Stage.TRAIN) or (spec.inputs.trained if spec.inputs else None),
        data=spec.data if stage is Stage.PREPARE else None,
        model=spec.model if training else None,
        script=spec.script if training else None,
        training=spec.training if training and spec.model is not None else None,
        quantize=spec.quantize if stage is Stage.QUANTIZE else None,
        institution=spec.accounting.institution,
        used=[
            StageUsage(stage=name, usage=status.usage)
            for name, status in statuses.items()
            if status.usage is not None and name is not stage
        ],
        grace_period_seconds=spec.workers.template.termination_grace_period_seconds,
        stall_timeout_seconds=spec.run_policy.stall_timeout_seconds,
    )


def _cores(job: TrainingJob, stage: Stage, attempt: int) -> int | None:
    """Return the whole cores that a worker asks for: more threads than that would only get in each other's way."""
    asked = worker_plans(job, stage, attempt)[0].cpu_millis
    return -(-asked // 1000) or None


def _made(statuses: Mapping[Stage, StageStatus], stage: Stage) -> str | None:
    status = statuses.get(stage)
    return status.output.path if status is not None and status.output is not None else None
