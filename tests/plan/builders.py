"""Jobs, workers and reports as the tests of the plan need them, and a world that does what is decided."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ullage_operator.api.types import JobStatus, StageStatus, TrainingJob
from ullage_operator.plan import (
    Admission,
    CreateWorkers,
    Decision,
    Policy,
    StopWorkers,
    Worker,
    WorkerPhase,
    WorkerPlan,
    decide,
)
from ullage_operator.plan.instants import millis
from ullage_trainer.config import ExitReport, Failure, Output, Reason, Stage, Usage, WorkerState

START = "2026-11-23T08:00:00Z"
START_MS = millis(START)
POLICY = Policy(storage_root="/storage", backoff_ms=10_000)
ALLOWED = Admission()
PREPARE, TRAIN, QUANTIZE = Stage.PREPARE, Stage.TRAIN, Stage.QUANTIZE

DATA: dict[str, Any] = {
    "sources": [
        {
            "name": "points",
            "csv": {"paths": ["points.csv"]},
            "columns": [{"name": "across", "type": "float64"}, {"name": "label", "type": "int64"}],
        }
    ],
    "label": {"source": "points", "column": "label"},
    "features": [{"column": "across"}],
}
ALL_STAGES: dict[str, Any] = {"data": DATA, "model": {"mlp": {}}, "quantize": {"variants": ["float16"]}}
ONLY_PREPARE: dict[str, Any] = {"data": DATA}


def make_job(spec: dict[str, Any] | None = None, **further: Any) -> TrainingJob:
    """A job of three stages with two workers, unless the spec says otherwise."""
    return TrainingJob.model_validate(
        {
            "metadata": {"name": "points", "namespace": "physics", "uid": "0123456789abcdef", "generation": 1},
            "spec": {"workers": {"replicas": 2}} | (ALL_STAGES if spec is None else spec) | further,
        }
    )


def with_status(job: TrainingJob, status: JobStatus) -> TrainingJob:
    return job.model_copy(update={"status": status})


def with_policy(job: TrainingJob, **changes: Any) -> TrainingJob:
    """The job with another ``runPolicy``."""
    policy = job.spec.run_policy.model_copy(update=changes)
    return job.model_copy(update={"spec": job.spec.model_copy(update={"run_policy": policy})})


def output_of(stage: Stage, attempt: int) -> Output:
    return Output(path=f"points/runs/01234567/{stage}-{attempt}", digest=f"digest of {stage}")


def report_of(worker: Worker, state: WorkerState, **facts: Any) -> ExitReport:
    """What a worker says of itself, having run for a second on one core."""
    defaults: dict[str, Any] = {"usage": Usage(wall_ms=1000, cpu_ms=1000, peak_memory_bytes=1 << 20, samples=10)}
    if state is WorkerState.SUCCEEDED and worker.index == 0:
        defaults["output"] = output_of(worker.stage, worker.attempt)
    return ExitReport(
        stage=worker.stage,
        attempt=worker.attempt,
        index=worker.index,
        state=state,
        started_ms=START_MS,
        updated_ms=START_MS + 1000,
        **defaults | facts,
    )


def make_worker(stage: Stage = TRAIN, attempt: int = 1, index: int = 0, **facts: Any) -> Worker:
    name = f"points-{stage}-{attempt}-{index}"
    return replace(Worker(name, f"uid-of-{name}", stage, attempt, index, WorkerPhase.PENDING), **facts)


def succeeded(worker: Worker, **facts: Any) -> Worker:
    return replace(worker, phase=WorkerPhase.SUCCEEDED, report=report_of(worker, WorkerState.SUCCEEDED, **facts))


def failed(worker: Worker, reason: Reason, message: str = "it broke", **facts: Any) -> Worker:
    failure = Failure(reason=reason, message=message, worker=facts.pop("cause", worker.index))
    state = WorkerState.STOPPED if reason is Reason.STOPPED else WorkerState.FAILED
    return replace(worker, phase=WorkerPhase.FAILED, report=report_of(worker, state, failure=failure, **facts))


def killed(worker: Worker) -> Worker:
    """Ended by SIGKILL: the last it said is that it runs."""
    return replace(worker, phase=WorkerPhase.FAILED, report=report_of(worker, WorkerState.RUNNING))


def stage_status(job: TrainingJob, stage: Stage) -> StageStatus:
    return next(status for status in job.status.stages if status.name is stage)


@dataclass
class World:
    """A cluster in which everything decided is done at once, and nothing else happens by itself."""

    job: TrainingJob
    now_ms: int = START_MS
    admission: Admission = ALLOWED
    policy: Policy = POLICY
    workers: dict[str, Worker] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    def look(self) -> Decision:
        """One pass: decide, write the status, do what is decided."""
        decision = decide(self.job, tuple(self.workers.values()), self.admission, self.now_ms, self.policy)
        self.job = with_status(self.job, decision.status)
        for action in decision.actions:
            match action:
                case CreateWorkers(workers=plans):
                    self.add(plans)
                case StopWorkers(uids=uids):
                    for name, worker in self.workers.items():
                        if worker.uid in uids:
                            self.workers[name] = replace(worker, stopping=True)
                            self.stopped.append(name)
        return decision

    def add(self, plans: tuple[WorkerPlan, ...]) -> None:
        for plan in plans:
            self.workers[plan.name] = make_worker(plan.stage, plan.attempt, plan.index)
            self.created.append(plan.name)

    def rest(self) -> Decision:
        """Passes until one asks for nothing more now."""
        for _ in range(20):
            decision = self.look()
            if not decision.actions and (decision.wake_at_ms is None or decision.wake_at_ms > self.now_ms):
                return decision
        raise AssertionError("expected the job to come to rest within 20 passes")

    def change(self, name: str, worker: Worker) -> None:
        self.workers[name] = worker

    def all_run(self) -> Decision:
        """Everybody who is pending runs."""
        for name, worker in self.workers.items():
            if worker.phase is WorkerPhase.PENDING:
                running = report_of(worker, WorkerState.RUNNING)
                self.workers[name] = replace(worker, phase=WorkerPhase.RUNNING, report=running)
        return self.rest()

    def all_succeed(self) -> Decision:
        """Everybody who lives succeeds."""
        for name, worker in self.workers.items():
            if worker.live:
                self.workers[name] = succeeded(worker)
        return self.rest()

    def stopping_end(self) -> Decision:
        """Everybody who was asked to stop does."""
        for name, worker in self.workers.items():
            if worker.live and worker.stopping:
                self.workers[name] = failed(worker, Reason.STOPPED, "stopped on SIGTERM")
        return self.rest()

    @property
    def live(self) -> list[str]:
        return [name for name, worker in self.workers.items() if worker.live]
