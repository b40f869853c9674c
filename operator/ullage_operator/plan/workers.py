"""Workers: what is asked for, and what is observed, whether it is a pod or a local process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from ullage_operator.api.accelerators import is_accelerator
from ullage_operator.api.quantity import bytes_, cpu_millis
from ullage_operator.api.types import TrainingJob
from ullage_trainer.config import ExitReport, Failure, Stage, StageDocument

MIB = 1 << 20


class WorkerPhase(StrEnum):
    """Where a worker stands, as observed from outside."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


@dataclass(frozen=True)
class Worker:
    """A worker that exists: a pod, or a local agent."""

    name: str
    uid: str
    stage: Stage
    attempt: int
    index: int
    phase: WorkerPhase
    stopping: bool = False
    """It was asked to end, by us."""
    report: ExitReport | None = None
    """What it says of itself."""
    seen: Failure | None = None
    """What is seen from outside: why it has not started, or how it ended."""
    bound: bool = True
    """It has a place: a node, for a pod."""
    gated: bool = False
    """A queue holds it back: it may not have a place yet."""

    @property
    def live(self) -> bool:
        """Whether it has not ended."""
        return self.phase in (WorkerPhase.PENDING, WorkerPhase.RUNNING)


@dataclass(frozen=True)
class WorkerPlan:
    """A worker that shall exist. Its resources are what it is billed by."""

    name: str
    stage: Stage
    attempt: int
    index: int
    slots: int
    cpu_millis: int
    memory_mib: int
    accelerators: int
    accelerator_type: str | None


@dataclass(frozen=True)
class CreateWorkers:
    """Create those workers of an attempt that do not exist."""

    document: StageDocument
    workers: tuple[WorkerPlan, ...]


@dataclass(frozen=True)
class StopWorkers:
    """Ask workers to end: SIGTERM, and SIGKILL after the grace period."""

    uids: tuple[str, ...]
    why: str


Action = CreateWorkers | StopWorkers


def worker_name(job: str, stage: Stage, attempt: int, index: int) -> str:
    """Return a worker's name; it follows from what the worker is."""
    return f"{job}-{stage}-{attempt}-{index}"


def worker_count(job: TrainingJob, stage: Stage) -> int:
    """Return how many workers an attempt has: the gang for training, otherwise one."""
    return job.spec.workers.replicas if stage is Stage.TRAIN else 1


def worker_plans(job: TrainingJob, stage: Stage, attempt: int) -> tuple[WorkerPlan, ...]:
    """Return the workers of an attempt. All are alike but for their index."""
    resources = job.spec.workers.resources.of(stage)
    # A limit without a request is the request too, as the API server has it.
    requests = {**resources.limits, **resources.requests}
    # The types allow one kind of accelerator.
    held = {name: bytes_(amount) for name, amount in requests.items() if is_accelerator(name) and bytes_(amount)}
    kind, accelerators = next(iter(held.items()), (None, 0))
    first = WorkerPlan(
        name=worker_name(job.metadata.name, stage, attempt, 0),
        stage=stage,
        attempt=attempt,
        index=0,
        slots=job.spec.workers.slots_per_worker if stage is Stage.TRAIN else 1,
        cpu_millis=cpu_millis(requests.get("cpu", "0")),
        memory_mib=-(-bytes_(requests.get("memory", "0")) // MIB),
        accelerators=accelerators,
        accelerator_type=kind,
    )
    others = range(1, worker_count(job, stage))
    return (first, *(replace(first, name=worker_name(job.metadata.name, stage, attempt, i), index=i) for i in others))
