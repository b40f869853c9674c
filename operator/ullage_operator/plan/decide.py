"""The one decision: from a job, its workers as observed and what is allowed, to actions, a status and a wake-up.

Pure, total and level-based: called again with the same arguments it decides the same, and called with
what became of its actions it goes on. Nothing here knows whether a worker is a pod or a process.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ullage_operator.api.types import JobStatus, Phase, StageState, StageStatus, TrainingJob
from ullage_trainer.config import Failure, Reason, Stage, Usage

from .conditions import holds_since, with_conditions
from .decision import Admission, Decision, Policy
from .documents import stage_document
from .failures import cause_of, may_end_differently, stopped_by_us
from .gang import is_gated, is_torn, pause_ms
from .instants import millis, rfc3339
from .progress import usage_of, usage_so_far, with_progress
from .reasons import JobReason
from .workers import CreateWorkers, StopWorkers, Worker, WorkerPhase, worker_count, worker_plans

_TERMINAL: Final = frozenset({Phase.SUCCEEDED, Phase.FAILED})
_BACKOFF_DOUBLINGS: Final = 5
_HINDERED: Final = "; "
"""What parts how many workers run from what keeps one from it; that it is over is told as soon as that it was."""


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
            return self._conditioned(
                self._wind_down(self._status(message="Deleted"), "the job was deleted", JobReason.DELETED)
            )
        if self.job.status.phase in _TERMINAL:
            return self._wind_down(self.job.status, "the job has ended")
        return self._conditioned(self._next())

    def _next(self) -> Decision:
        stage = self._current()
        if stage is None:
            return self._succeed(self._status())
        if (deadline := self._deadline()) is not None and self.now_ms >= deadline:
            return self._deadline_exceeded(stage)
        if self.job.spec.run_policy.suspend or not self.admission.allowed:
            return self._suspend(stage)
        if strays := self._strays(stage):
            return self._stop(strays, self._status(), "its attempt is over")
        decision = {
            StageState.PENDING: self._open,
            StageState.CREATING: self._create,
            StageState.RUNNING: self._watch,
            StageState.FAILED: self._stay_failed,
        }[stage.state](stage)
        if decision.ended:
            return decision
        wakes = [at for at in (decision.wake_at_ms, deadline) if at is not None]
        return replace(decision, wake_at_ms=min(wakes, default=None))

    # -- where the job stands -----------------------------------------------------------------------

    def _stages(self) -> dict[Stage, StageStatus]:
        known = {stage.name: stage for stage in self.job.status.stages}
        return {name: known.get(name) or StageStatus(name=name) for name in self.job.spec.stages}

    def _current(self) -> StageStatus | None:
        return next((s for s in self._stages().values() if s.state is not StageState.SUCCEEDED), None)

    def _attempt(self, stage: StageStatus) -> tuple[Worker, ...]:
        found = (w for w in self.workers if w.stage is stage.name and w.attempt == stage.attempt)
        return tuple(sorted(found, key=lambda worker: worker.index))

    def _live(self) -> tuple[Worker, ...]:
        return tuple(worker for worker in self.workers if worker.live)

    def _strays(self, stage: StageStatus) -> tuple[Worker, ...]:
        """Return live workers of other attempts than the one that is open: two may never write, train or be billed."""
        opened = (stage.name, stage.attempt) if stage.state in (StageState.CREATING, StageState.RUNNING) else None
        return tuple(worker for worker in self._live() if (worker.stage, worker.attempt) != opened)

    def _deadline(self) -> int | None:
        seconds, start = self.job.spec.run_policy.active_deadline_seconds, self.job.status.start_time
        if seconds is None or start is None or self.job.status.phase is Phase.SUSPENDED:
            return None
        return millis(start) + 1000 * seconds

    def _start_time(self) -> str:
        """Return when the job started, moved on by the time that it has been suspended, which no deadline counts."""
        start = self.job.status.start_time
        if start is None:
            return rfc3339(self.now_ms)
        suspended = holds_since(self.job.status, Phase.SUSPENDED)
        return start if suspended is None else rfc3339(millis(start) + self.now_ms - millis(suspended))

    def _complete(self, stage: StageStatus) -> bool:
        attempt = self._attempt(stage)
        everyone = len(attempt) >= worker_count(self.job, stage.name)
        return everyone and all(worker.phase is WorkerPhase.SUCCEEDED for worker in attempt)

    # -- the states of a stage ----------------------------------------------------------------------

    def _open(self, stage: StageStatus) -> Decision:
        """Open an attempt: a pass of its own, so that its number is written before any worker has it."""
        if (stage.restarts or stage.yields) and (at := self._restart_at(stage)) > self.now_ms:
            return Decision(self._status(message=f"{stage.name} starts again at {rfc3339(at)}"), wake_at_ms=at)
        number = 1 + max([stage.attempt, *(w.attempt for w in self.workers if w.stage is stage.name)])
        opened = stage.model_copy(
            update={
                "state": StageState.CREATING,
                "attempt": number,
                "created": False,
                "start_time": stage.start_time or rfc3339(self.now_ms),
                "finish_time": None,
                "attempt_time": rfc3339(self.now_ms),
                "started": False,
                "gated": False,
            }
        )
        message = f"{stage.name}: starting" if number == 1 else f"{stage.name}: starting attempt {number}"
        status = self._status(phase=Phase.RUNNING, stage=opened, message=message)
        fresh = status.model_copy(
            update={
                "start_time": self._start_time(),
                "progress": None,
                "progress_text": "",
                "eta": "",
                # What the job started with; only a suspended job's own wish is newer.
                "image": self.job.spec.image or self.job.status.image or self.policy.image,
            }
        )
        return Decision(fresh, wake_at_ms=self.now_ms)

    def _create(self, stage: StageStatus) -> Decision:
        plans = worker_plans(self.job, stage.name, stage.attempt)
        there = {worker.name for worker in self._attempt(stage)}
        absent = tuple(plan for plan in plans if plan.name not in there)
        if absent and self._start_overdue(stage):
            return self._start_failed(stage, self._attempt(stage))
        if absent:
            document = stage_document(self.job, stage.name, stage.attempt, self._stages(), self.policy.storage_root)
            refusal = self.admission.refusal
            message = None if refusal is None else f"{stage.name}: {refusal.message}"
            status = self._status(phase=Phase.RUNNING, message=message)
            wakes = [self.now_ms if refusal is None else self.now_ms + self.policy.backoff_ms]
            wakes += [at for at in (self._start_deadline(stage),) if at is not None]
            return Decision(status, (CreateWorkers(document, absent),), min(wakes))
        return self._watch(stage.model_copy(update={"state": StageState.RUNNING, "created": True}))

    def _watch(self, stage: StageStatus) -> Decision:
        attempt = self._attempt(stage)
        expected = worker_count(self.job, stage.name)
        failed = [worker for worker in attempt if worker.phase is WorkerPhase.FAILED and not worker.stopping]
        if self._start_overdue(stage) and not failed and not self._all_have_run(stage, attempt):
            return self._start_failed(stage, attempt)
        if len(attempt) < expected or any(worker.phase is WorkerPhase.FAILED for worker in attempt):
            return self._broken(stage, attempt, expected)
        if self._complete(stage):
            return self._stage_succeeded(stage, attempt)
        if self.admission.gives_way_to is not None and is_torn(attempt):
            return self._give_way(stage, attempt, self.admission.gives_way_to)
        wakes = [at for at in (self._start_deadline(stage),) if at is not None]
        if stage.gated and not is_gated(attempt):
            wakes.append(self.now_ms)  # The time to start in begins now.
        if is_torn(attempt):
            wakes.append(self.now_ms + self.policy.backoff_ms)
        status = self._in_progress(stage, attempt)
        turned = any(
            s.name is stage.name and (s.started, s.gated) != (stage.started, stage.gated) for s in status.stages
        )
        hindered = any(worker.seen is not None for worker in attempt) or _HINDERED in self.job.status.message
        quiet = not turned and not hindered
        return Decision(status, wake_at_ms=min(wakes, default=None), quiet=quiet)

    def _broken(self, stage: StageStatus, attempt: tuple[Worker, ...], expected: int) -> Decision:
        """End an attempt that has lost a worker: none goes on without the others."""
        if live := self._live():
            return self._stop(live, self._status(stage=self._counted(stage, attempt)), "a worker of the gang failed")
        if stopped_by_us(attempt, expected):
            return self._stopped(stage)
        return self._attempt_failed(stage, attempt, cause_of(attempt, expected))

    def _give_way(self, stage: StageStatus, attempt: tuple[Worker, ...], elder: str) -> Decision:
        """Let go of places that are too few, so that an older job that waits as well can have them."""
        message = f"{stage.name}: gives way to {elder}, which is older; neither has places for all of its workers"
        counted = self._counted(stage, attempt).model_copy(update={"yields": stage.yields + 1})
        return self._stop(
            self._live(), self._status(stage=counted, message=message), "it gives way", JobReason.GIVES_WAY
        )

    def _stopped(self, stage: StageStatus) -> Decision:
        """Go on after an attempt that we stopped; one that gave way before it had started pauses first."""
        gave_way = stage.yields > 0 and not stage.started
        how = "gave way to an older job" if gave_way else "was stopped"
        message = f"{stage.name}: attempt {stage.attempt} {how}"
        since = stage.model_copy(update={"finish_time": rfc3339(self.now_ms)}) if gave_way else stage
        status = self._cut_off(since, Phase.RUNNING, StageState.PENDING, message)
        # That an earlier attempt was disrupted says nothing of one that gave way.
        status = status.model_copy(update={"failure": None}) if gave_way else status
        return Decision(status, wake_at_ms=self.now_ms)

    def _start_deadline(self, stage: StageStatus) -> int | None:
        """Return when the attempt has failed to start; null once it has, or if it may take as long as it likes."""
        seconds = self.job.spec.run_policy.startup_deadline_seconds
        if seconds is None or stage.started or stage.attempt_time is None:
            return None
        if stage.gated or is_gated(self._attempt(stage)):
            return None  # Time in a queue does not count.
        return millis(stage.attempt_time) + 1000 * seconds

    def _start_overdue(self, stage: StageStatus) -> bool:
        deadline = self._start_deadline(stage)
        return deadline is not None and self.now_ms >= deadline

    def _start_failed(self, stage: StageStatus, attempt: tuple[Worker, ...]) -> Decision:
        """End an attempt that has not started in time. Its reason is written before its workers are stopped."""
        seconds = self.job.spec.run_policy.startup_deadline_seconds
        waited = [worker.seen for worker in attempt if worker.phase is WorkerPhase.PENDING and worker.seen is not None]
        known = self.job.status.failure if any(worker.stopping for worker in attempt) else None
        message = f"not all workers ran within runPolicy.startupDeadlineSeconds ({seconds})"
        unknown = Failure(reason=Reason.START_FAILED, message=message)
        failure = known or next(iter([*waited, self.admission.refusal]), None) or unknown
        if live := self._live():
            status = self._status(stage=self._counted(stage, attempt), message=f"{message}: {failure.message}")
            return self._stop(live, status.model_copy(update={"failure": failure}), "the attempt has not started")
        return self._attempt_failed(stage, attempt, failure)

    def _stage_succeeded(self, stage: StageStatus, attempt: tuple[Worker, ...]) -> Decision:
        report = attempt[0].report
        if report is None or report.output is None:
            message = f"{attempt[0].name} ended well, and of what it made nothing is known"
            return self._attempt_failed(stage, attempt, Failure(reason=Reason.LOST, message=message))
        done = self._counted(stage, attempt).model_copy(
            update={
                "state": StageState.SUCCEEDED,
                "finish_time": rfc3339(self.now_ms),
                "output": report.output,
                "usage": usage_of(stage, attempt),
            }
        )
        status = self._in_progress(done, attempt).model_copy(
            update={
                "artifacts": report.output.path,
                "metrics": report.metrics or self.job.status.metrics,
                "variants": report.variants or self.job.status.variants,
                "usage": self._spent(done),
                "failure": None,
                "message": f"{stage.name}: done",
            }
        )
        if stage.name == self.job.spec.stages[-1]:
            return self._succeed(status)
        return Decision(status, wake_at_ms=self.now_ms, reason=JobReason.STAGE_SUCCEEDED)

    def _attempt_failed(self, stage: StageStatus, attempt: tuple[Worker, ...], failure: Failure) -> Decision:
        # Nobody's fault, so it does not use up what maxRestarts allows.
        disrupted = failure.reason is Reason.DISRUPTED
        counted = self._counted(stage, attempt).model_copy(
            update={
                "restarts": stage.restarts + (0 if disrupted else 1),
                "finish_time": rfc3339(self.now_ms),
                "created": False,
                "usage": usage_of(stage, attempt),
            }
        )
        spent = {"failure": failure, "usage": self._spent(counted)}
        allowed = self.job.spec.run_policy.max_restarts
        if disrupted or (may_end_differently(failure) and stage.restarts < allowed):
            again = counted.model_copy(update={"state": StageState.PENDING})
            message = f"{stage.name}: attempt {stage.attempt} failed ({failure.reason}): {failure.message}"
            status = self._status(stage=again, message=message).model_copy(update=spent)
            return Decision(status, wake_at_ms=self.now_ms, reason=failure.reason.value)
        over = counted.model_copy(update={"state": StageState.FAILED, "restarts": stage.restarts})
        after = f" after {stage.restarts} restart(s)" if stage.restarts else ""
        status = self._status(phase=Phase.FAILED, stage=over, message=f"{stage.name} failed{after}: {failure.message}")
        ended = status.model_copy(update=spent | {"finish_time": rfc3339(self.now_ms), "eta": ""})
        return self._wind_down(ended, "the job has failed", failure.reason.value)

    def _restart_at(self, stage: StageStatus) -> int:
        if stage.finish_time is None:
            return self.now_ms  # The last attempt did not fail, it was suspended: there is nothing to wait for.
        if stage.yields and not stage.started:
            return millis(stage.finish_time) + pause_ms(
                self.job.metadata.uid or "", stage.yields, self.policy.backoff_ms
            )
        doublings = min(max(stage.restarts - 1, 0), _BACKOFF_DOUBLINGS)
        return millis(stage.finish_time) + self.policy.backoff_ms * (1 << doublings)

    # -- ends ---------------------------------------------------------------------------------------

    def _succeed(self, done: JobStatus) -> Decision:
        over = {"phase": Phase.SUCCEEDED, "message": "all stages are done", "finish_time": rfc3339(self.now_ms)}
        status = done.model_copy(update=over | {"stage": None, "progress_text": "100%", "eta": ""})
        return self._wind_down(status, "the job has ended", JobReason.COMPLETED)

    def _stay_failed(self, _stage: StageStatus) -> Decision:
        """End a job whose status was written by somebody else: no decision leaves a failed stage in a job that runs."""
        return self._wind_down(self._status(phase=Phase.FAILED), "the job has failed")

    def _deadline_exceeded(self, stage: StageStatus) -> Decision:
        seconds = self.job.spec.run_policy.active_deadline_seconds
        message = f"expected the job to end within runPolicy.activeDeadlineSeconds ({seconds}), and it did not"
        if live := self._live():
            return self._stop(live, self._status(message=message), "the job's deadline has passed")
        status = self._cut_off(stage, Phase.FAILED, StageState.FAILED, message).model_copy(
            update={"finish_time": rfc3339(self.now_ms), "failure": None, "eta": ""}
        )
        return Decision(status, ended=True, reason=JobReason.DEADLINE_EXCEEDED)

    def _suspend(self, stage: StageStatus) -> Decision:
        """Stop what runs; when nothing does, the stage waits, and its next start is a new attempt."""
        reason, message = self.admission.reason or JobReason.NOT_ADMITTED, self.admission.message
        if self.job.spec.run_policy.suspend:
            reason, message = Phase.SUSPENDED, "suspended by spec.runPolicy.suspend"
        if live := self._live():
            return self._stop(live, self._status(message=message), "the job is suspended")
        if stage.state is StageState.RUNNING and self._complete(stage):
            return self._stage_succeeded(stage, self._attempt(stage))  # What is done need not be done again.
        return Decision(self._cut_off(stage, Phase.SUSPENDED, StageState.PENDING, message), reason=reason)

    def _cut_off(self, stage: StageStatus, phase: Phase, state: StageState, message: str) -> JobStatus:
        """Return the status after an attempt that we stopped, if there was one, with what it took."""
        if stage.state is StageState.PENDING:
            return self._status(phase=phase, message=message)
        attempt = self._attempt(stage)
        cut = self._counted(stage, attempt).model_copy(
            update={"state": state, "created": False, "usage": usage_of(stage, attempt)}
        )
        return self._status(phase=phase, stage=cut, message=message).model_copy(update={"usage": self._spent(cut)})

    def _wind_down(self, status: JobStatus, why: str, reason: str = "") -> Decision:
        if live := self._live():
            return self._stop(live, status, why, reason)
        return Decision(status, ended=True, reason=reason)

    def _stop(self, workers: tuple[Worker, ...], status: JobStatus, why: str, reason: str = "") -> Decision:
        uids = tuple(worker.uid for worker in workers if not worker.stopping)
        return Decision(status, (StopWorkers(uids, why),) if uids else (), reason=reason)

    # -- writing ------------------------------------------------------------------------------------

    def _conditioned(self, decision: Decision) -> Decision:
        reason = decision.reason or decision.status.phase.value
        status = with_conditions(decision.status, reason, self.now_ms, self.job.metadata.generation)
        return replace(decision, status=status)

    def _status(
        self, *, phase: Phase | None = None, stage: StageStatus | None = None, message: str | None = None
    ) -> JobStatus:
        stages = self._stages() | ({stage.name: stage} if stage else {})
        current = stage or self._current()
        before = self.job.status
        return before.model_copy(
            update={
                "phase": phase or before.phase,
                "stages": list(stages.values()),
                "stage": current.name if current else None,
                "message": (before.message if message is None else message)[:1024],
            }
        )

    def _counted(self, stage: StageStatus, attempt: tuple[Worker, ...]) -> StageStatus:
        report = attempt[0].report if attempt else None
        gated = is_gated(attempt)
        return stage.model_copy(
            update={
                "gated": gated,
                "attempt_time": rfc3339(self.now_ms) if stage.gated and not gated else stage.attempt_time,
                "checkpoint": (report.checkpoint if report is not None else None) or stage.checkpoint,
                "workers_ready": sum(worker.phase is WorkerPhase.RUNNING for worker in attempt),
                "started": stage.started or self._all_have_run(stage, attempt),
                "workers_failed": sum(worker.phase is WorkerPhase.FAILED for worker in attempt),
            }
        )

    def _all_have_run(self, stage: StageStatus, attempt: tuple[Worker, ...]) -> bool:
        everyone = len(attempt) >= worker_count(self.job, stage.name)
        return everyone and all(worker.phase in (WorkerPhase.RUNNING, WorkerPhase.SUCCEEDED) for worker in attempt)

    def _in_progress(self, stage: StageStatus, attempt: tuple[Worker, ...]) -> JobStatus:
        counted = self._counted(stage, attempt)
        ready = "" if counted.workers_ready == len(attempt) else f"{counted.workers_ready} of {len(attempt)} workers "
        waits = next((w.seen.message for w in attempt if w.phase is WorkerPhase.PENDING and w.seen is not None), "")
        message = f"{stage.name}: {ready}running" + (waits and f"{_HINDERED}{waits}")
        status = self._status(phase=Phase.RUNNING, stage=counted, message=message)
        if (taken := usage_so_far(attempt)) is not None:
            status = status.model_copy(update={"usage": self._spent(counted) + taken})
        return with_progress(status, attempt)

    def _spent(self, stage: StageStatus) -> Usage:
        """Return what all attempts that are over have taken, a stage's as it is to be written included."""
        stages = self._stages() | {stage.name: stage}
        return sum((each.usage for each in stages.values() if each.usage is not None), Usage())
