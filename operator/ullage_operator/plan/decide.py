"""The one decision: from a job, its workers as observed and what is allowed, to actions, a status and a wake-up.

Pure, total and level-based: called again with the same arguments it decides the same, and called with
what became of its actions it goes on. Nothing here knows whether a worker is a pod or a process.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ullage_operator.api.types import JobStatus, Phase, StageState, StageStatus, TrainingJob
from ullage_trainer.config import Failure, Reason, Stage, Usage

from .conditions import with_conditions
from .documents import stage_document
from .failures import cause_of, may_end_differently
from .instants import brief_duration, millis, rfc3339
from .workers import Action, CreateWorkers, StopWorkers, Worker, WorkerPhase, worker_plans

_TERMINAL: Final = frozenset({Phase.SUCCEEDED, Phase.FAILED})
_BACKOFF_DOUBLINGS: Final = 5


@dataclass(frozen=True)
class Policy:
    """What does not come from the job."""

    storage_root: str
    """Where the storage is mounted in workers."""
    backoff_ms: int = 10_000
    """Before the first restart; doubled with each, 32 times at most."""


@dataclass(frozen=True)
class Admission:
    """Whether the job may hold resources now, and if not, why."""

    allowed: bool = True
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class Decision:
    """What to do, what to write, and when to look again without being woken."""

    status: JobStatus
    actions: tuple[Action, ...] = ()
    wake_at_ms: int | None = None
    ended: bool = False
    """The job is over, or gone, and no worker of it is left."""


def decide(
    job: TrainingJob, workers: tuple[Worker, ...], admission: Admission, now_ms: int, policy: Policy
) -> Decision:
    """Decide what a job needs next."""
    return _Pass(job, workers, admission, now_ms, policy).decide()


@dataclass(frozen=True)
class _Pass:
    job: TrainingJob
    workers: tuple[Worker, ...]
    admission: Admission
    now_ms: int
    policy: Policy

    def decide(self) -> Decision:
        if self.job.metadata.deletion_timestamp is not None:
            return self._wind_down(self._status(message="Deleted"), "the job was deleted", "Deleted")
        status = self.job.status
        if status.phase in _TERMINAL:
            return self._wind_down(status, "the job has ended", None)
        if (deadline := self._deadline()) is not None and self.now_ms >= deadline:
            return self._deadline_exceeded()
        if self.job.spec.run_policy.suspend or not self.admission.allowed:
            return self._suspend()
        stage = self._current()
        if stage is None:
            return self._succeed()
        decision = {
            StageState.PENDING: self._open,
            StageState.CREATING: self._create,
            StageState.RUNNING: self._watch,
        }[stage.state](stage)
        wakes = [at for at in (decision.wake_at_ms, deadline) if at is not None]
        return replace(decision, wake_at_ms=min(wakes, default=None))

    # -- where the job stands -----------------------------------------------------------------------

    def _stages(self) -> dict[Stage, StageStatus]:
        known = {stage.name: stage for stage in self.job.status.stages}
        return {name: known.get(name, StageStatus(name=name)) for name in self.job.spec.stages}

    def _current(self) -> StageStatus | None:
        return next((s for s in self._stages().values() if s.state is not StageState.SUCCEEDED), None)

    def _attempt(self, stage: StageStatus) -> tuple[Worker, ...]:
        found = (w for w in self.workers if w.stage is stage.name and w.attempt == stage.attempt)
        return tuple(sorted(found, key=lambda worker: worker.index))

    def _live(self) -> tuple[Worker, ...]:
        return tuple(worker for worker in self.workers if worker.live)

    def _deadline(self) -> int | None:
        seconds, start = self.job.spec.run_policy.active_deadline_seconds, self.job.status.start_time
        return None if seconds is None or start is None else millis(start) + 1000 * seconds

    # -- the states of a stage ----------------------------------------------------------------------

    def _open(self, stage: StageStatus) -> Decision:
        """Open an attempt: a pass of its own, so that its number is written before any worker has it."""
        if self._live():
            return self._stop_live(self._status(phase=self.job.status.phase), "another attempt is over")
        if stage.restarts and (at := self._restart_at(stage)) > self.now_ms:
            waiting = brief_duration((at - self.now_ms) / 1000)
            return Decision(self._status(message=f"{stage.name} starts again in {waiting}"), wake_at_ms=at)
        number = 1 + max([stage.attempt, *(w.attempt for w in self.workers if w.stage is stage.name)])
        opened = stage.model_copy(
            update={
                "state": StageState.CREATING,
                "attempt": number,
                "created": False,
                "start_time": stage.start_time or rfc3339(self.now_ms),
                "finish_time": None,
            }
        )
        message = f"{stage.name}: starting" if number == 1 else f"{stage.name}: starting attempt {number}"
        status = self._status(phase=Phase.RUNNING, stage=opened, message=message)
        fresh = status.model_copy(update={"progress": None, "progress_text": "", "eta": ""})
        return Decision(fresh, wake_at_ms=self.now_ms)

    def _create(self, stage: StageStatus) -> Decision:
        plans = worker_plans(self.job, stage.name, stage.attempt)
        there = {worker.name for worker in self._attempt(stage)}
        absent = tuple(plan for plan in plans if plan.name not in there)
        if absent:
            document = stage_document(self.job, stage.name, stage.attempt, self._stages(), self.policy.storage_root)
            return Decision(self._status(phase=Phase.RUNNING), (CreateWorkers(document, absent),), self.now_ms)
        created = stage.model_copy(update={"state": StageState.RUNNING, "created": True})
        return Decision(self._status(phase=Phase.RUNNING, stage=created), wake_at_ms=self.now_ms)

    def _watch(self, stage: StageStatus) -> Decision:
        attempt = self._attempt(stage)
        expected = len(worker_plans(self.job, stage.name, stage.attempt))
        if len(attempt) < expected or any(worker.phase is WorkerPhase.FAILED for worker in attempt):
            live = tuple(worker for worker in attempt if worker.live)
            if live:
                return self._stop_live(self._status(stage=self._counted(stage, attempt)), "a worker of the gang failed")
            return self._attempt_failed(stage, attempt, lost=len(attempt) < expected)
        if all(worker.phase is WorkerPhase.SUCCEEDED for worker in attempt):
            return self._stage_succeeded(stage, attempt)
        return Decision(self._in_progress(stage, attempt))

    def _stage_succeeded(self, stage: StageStatus, attempt: tuple[Worker, ...]) -> Decision:
        report = attempt[0].report
        if report is None or report.output is None:
            return self._attempt_failed(stage, attempt, lost=True)
        done = self._counted(stage, attempt).model_copy(
            update={
                "state": StageState.SUCCEEDED,
                "finish_time": rfc3339(self.now_ms),
                "output": report.output,
                "usage": _usage(stage, attempt),
            }
        )
        status = self._in_progress(done, attempt).model_copy(
            update={
                "artifacts": report.output.path,
                "metrics": report.metrics or self.job.status.metrics,
                "variants": report.variants or self.job.status.variants,
                "usage": (self.job.status.usage or Usage()) + _attempt_usage(attempt),
                "failure": None,
                "message": f"{stage.name}: done",
            }
        )
        return Decision(self._finish(status, "StageSucceeded"), wake_at_ms=self.now_ms)

    def _attempt_failed(self, stage: StageStatus, attempt: tuple[Worker, ...], *, lost: bool) -> Decision:
        failed = any(worker.phase is WorkerPhase.FAILED for worker in attempt)
        failure = cause_of(attempt) if failed or not lost else _lost(stage)
        counted = self._counted(stage, attempt).model_copy(
            update={
                "restarts": stage.restarts + 1,
                "finish_time": rfc3339(self.now_ms),
                "created": False,
                "usage": _usage(stage, attempt),
            }
        )
        spent = {"failure": failure, "usage": (self.job.status.usage or Usage()) + _attempt_usage(attempt)}
        allowed = self.job.spec.run_policy.max_restarts
        if may_end_differently(failure) and stage.restarts < allowed:
            again = counted.model_copy(update={"state": StageState.PENDING})
            message = f"{stage.name}: attempt {stage.attempt} failed ({failure.reason}): {failure.message}"
            status = self._status(stage=again, message=message).model_copy(update=spent)
            return Decision(self._finish(status, failure.reason.value), wake_at_ms=self.now_ms)
        over = counted.model_copy(update={"state": StageState.FAILED, "restarts": stage.restarts})
        why = f"after {stage.restarts} restarts: " if stage.restarts else ""
        status = self._status(phase=Phase.FAILED, stage=over, message=f"{stage.name} failed {why}{failure.message}")
        ended = status.model_copy(update=spent | {"finish_time": rfc3339(self.now_ms), "eta": ""})
        return self._wind_down(ended, "the job has failed", failure.reason.value)

    def _restart_at(self, stage: StageStatus) -> int:
        failed_ms = millis(stage.finish_time) if stage.finish_time else self.now_ms
        return failed_ms + self.policy.backoff_ms * (1 << min(stage.restarts - 1, _BACKOFF_DOUBLINGS))

    # -- ends ---------------------------------------------------------------------------------------

    def _succeed(self) -> Decision:
        status = self._status(phase=Phase.SUCCEEDED, message="all stages are done").model_copy(
            update={"finish_time": rfc3339(self.now_ms), "stage": None, "progress_text": "100%", "eta": ""}
        )
        return self._wind_down(status, "the job has ended", "Completed")

    def _deadline_exceeded(self) -> Decision:
        seconds = self.job.spec.run_policy.active_deadline_seconds
        message = f"expected the job to end within runPolicy.activeDeadlineSeconds ({seconds}), and it did not"
        status = self._status(phase=Phase.FAILED, message=message).model_copy(
            update={"finish_time": rfc3339(self.now_ms), "eta": ""}
        )
        return self._wind_down(status, "the job's deadline has passed", "DeadlineExceeded")

    def _suspend(self) -> Decision:
        """Stop what runs; when nothing does, the stage waits, and its next start is a new attempt."""
        reason = "Suspended" if self.job.spec.run_policy.suspend else self.admission.reason
        message = "suspended by spec.runPolicy.suspend" if reason == "Suspended" else self.admission.message
        if self._live():
            return self._stop_live(self._status(message=message), "the job is suspended")
        stage = self._current()
        status = self._status(phase=Phase.SUSPENDED, message=message)
        if stage is not None and stage.state is not StageState.PENDING:
            attempt = self._attempt(stage)
            usage = {"usage": _usage(stage, attempt)}
            waiting = stage.model_copy(update={"state": StageState.PENDING, "created": False} | usage)
            status = self._status(phase=Phase.SUSPENDED, stage=waiting, message=message).model_copy(
                update={"usage": (self.job.status.usage or Usage()) + _attempt_usage(attempt)}
            )
        return Decision(self._finish(status, reason))

    def _wind_down(self, status: JobStatus, why: str, reason: str | None) -> Decision:
        written = status if reason is None else self._finish(status, reason)
        if self._live():
            return self._stop_live(written, why)
        return Decision(written, ended=True)

    def _stop_live(self, status: JobStatus, why: str) -> Decision:
        uids = tuple(worker.uid for worker in self._live() if not worker.stopping)
        return Decision(status, (StopWorkers(uids, why),) if uids else ())

    # -- writing ------------------------------------------------------------------------------------

    def _status(
        self, *, phase: Phase | None = None, stage: StageStatus | None = None, message: str | None = None
    ) -> JobStatus:
        stages = self._stages() | ({stage.name: stage} if stage else {})
        current = stage or self._current()
        before = self.job.status
        status = before.model_copy(
            update={
                "phase": phase or before.phase,
                "stages": list(stages.values()),
                "stage": current.name if current else None,
                "message": (before.message if message is None else message)[:1024],
                "start_time": before.start_time or rfc3339(self.now_ms),
            }
        )
        return self._finish(status, status.phase.value)

    def _finish(self, status: JobStatus, reason: str) -> JobStatus:
        return with_conditions(status, reason, self.now_ms, self.job.metadata.generation)

    def _counted(self, stage: StageStatus, attempt: tuple[Worker, ...]) -> StageStatus:
        return stage.model_copy(
            update={
                "workers_ready": sum(worker.phase is WorkerPhase.RUNNING for worker in attempt),
                "workers_failed": sum(worker.phase is WorkerPhase.FAILED for worker in attempt),
            }
        )

    def _in_progress(self, stage: StageStatus, attempt: tuple[Worker, ...]) -> JobStatus:
        status = self._status(phase=Phase.RUNNING, stage=self._counted(stage, attempt))
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


def _attempt_usage(attempt: tuple[Worker, ...]) -> Usage:
    total = Usage()
    for worker in attempt:
        if worker.report is not None:
            total += worker.report.usage
    return total


def _usage(stage: StageStatus, attempt: tuple[Worker, ...]) -> Usage:
    return (stage.usage or Usage()) + _attempt_usage(attempt)


def _lost(stage: StageStatus) -> Failure:
    return Failure(reason=Reason.LOST, message=f"a worker of attempt {stage.attempt} at {stage.name} is gone")
