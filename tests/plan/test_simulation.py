"""Whatever workers do, and however late they are seen to do it: what a job may never come to."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from plan.builders import (
    ALLOWED,
    POLICY,
    START,
    START_MS,
    failed,
    killed,
    make_job,
    make_worker,
    report_of,
    succeeded,
    with_policy,
    with_status,
)
from ullage_operator.api.types import JobStatus, Phase, StageState, StageStatus, TrainingJob
from ullage_operator.plan import Admission, CreateWorkers, Decision, StopWorkers, Worker, WorkerPhase, decide
from ullage_trainer.config import Reason, Stage, WorkerState

TERMINAL = (Phase.SUCCEEDED, Phase.FAILED)
MAX_RESTARTS = 2
REFUSED = Admission(allowed=False, reason="BudgetExhausted", message="nothing is left")
NAMED_WAITS = ("suspended by spec.runPolicy.suspend", REFUSED.message)


class Jobs(RuleBasedStateMachine):
    """A job, the workers as they are, and as the operator last saw them.

    What the operator creates it knows of at once; how workers fare it sees only when it looks again, so
    that it decides on stale views as often as on fresh ones.
    """

    job: TrainingJob

    @initialize(replicas=st.integers(1, 3), deadline=st.sampled_from([None, None, None, 30, 300]))
    def start(self, replicas: int, deadline: int | None) -> None:
        self.job = make_job(
            workers={"replicas": replicas},
            runPolicy={"maxRestarts": MAX_RESTARTS, "activeDeadlineSeconds": deadline},
        )
        self.now_ms = START_MS
        self.admission = ALLOWED
        self.workers: dict[str, Worker] = {}
        self.seen: dict[str, Worker] = {}
        self.finished: dict[Stage, int] = {}
        self.ended: JobStatus | None = None
        self.mishaps = deadline is not None
        self.decision = Decision(self.job.status)

    # -- the operator -----------------------------------------------------------------------------------

    @rule()
    def decides(self) -> None:
        """One pass, on what was seen last."""
        self.decision = decide(self.job, tuple(self.seen.values()), self.admission, self.now_ms, POLICY)
        status = self.decision.status
        assert status == JobStatus.model_validate_json(status.model_dump_json(by_alias=True))
        self._compare(self.job.status, status)
        self.job = with_status(self.job, status)
        for action in self.decision.actions:
            if isinstance(action, CreateWorkers):
                self._create(action)
            elif isinstance(action, StopWorkers):
                self._stop(action)

    @rule()
    def works(self) -> None:
        """Passes, each on a fresh view, until there is nothing more to do than to wait for workers."""
        for _ in range(20):
            self.sees_everything()
            self.decides()
            self.a_job_that_has_ended_stays_as_it_is()
            self.at_most_one_attempt_lives()
            if self.decision.wake_at_ms is not None and not self._live():
                self.now_ms = max(self.now_ms, self.decision.wake_at_ms)
            elif not self.decision.actions:
                return

    @rule()
    def decides_but_its_actions_are_lost(self) -> None:
        """The operator crashes after it has written the status."""
        decision = decide(self.job, tuple(self.seen.values()), self.admission, self.now_ms, POLICY)
        self._compare(self.job.status, decision.status)
        self.job = with_status(self.job, decision.status)

    @rule()
    def sees_everything(self) -> None:
        self.seen = dict(self.workers)

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def sees_one_worker(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted({*self.workers, *self.seen})))
        self.seen.pop(name, None)
        if name in self.workers:
            self.seen[name] = self.workers[name]

    # -- the world --------------------------------------------------------------------------------------

    @rule(seconds=st.integers(0, 60))
    def time_passes(self, seconds: int) -> None:
        self.now_ms += 1000 * seconds

    @precondition(lambda self: self._live())
    @rule(data=st.data(), fate=st.sampled_from(["runs", "succeeds", "fails", "is killed", "stops", "vanishes"]))
    def fares(self, data: st.DataObject, fate: str) -> None:
        worker = data.draw(st.sampled_from(self._live()))
        self.mishaps |= fate not in ("runs", "succeeds")
        match fate:
            case "runs":
                report = report_of(worker, WorkerState.RUNNING)
                self.workers[worker.name] = replace(worker, phase=WorkerPhase.RUNNING, report=report)
            case "succeeds":
                self.workers[worker.name] = succeeded(worker)
            case "fails":
                self.workers[worker.name] = failed(worker, Reason.EXCEPTION)
            case "is killed":
                self.workers[worker.name] = killed(worker)
            case "stops":
                self.workers[worker.name] = failed(worker, Reason.STOPPED)
            case _:
                del self.workers[worker.name]

    @precondition(lambda self: self._live())
    @rule()
    def a_gang_vanishes(self) -> None:
        self.mishaps = True
        for worker in self._live():
            del self.workers[worker.name]
        self.works()

    @rule()
    def all_succeed(self) -> None:
        """Everybody does what is hoped for, and is seen to."""
        for worker in self._live():
            self.workers[worker.name] = succeeded(worker)
        self.works()

    @precondition(lambda self: self._live())
    @rule(reason=st.sampled_from([Reason.EXCEPTION, Reason.PEER_FAILED, Reason.DATA_INVALID]))
    def a_gang_fails(self, reason: Reason) -> None:
        """As one, and is seen to; then the next attempt starts."""
        self.mishaps = True
        for worker in self._live():
            self.workers[worker.name] = failed(worker, reason)
        self.works()

    @precondition(lambda self: any(worker.stopping for worker in self._live()))
    @rule()
    def those_that_were_asked_to_stop_do(self) -> None:
        for worker in self._live():
            if worker.stopping:
                self.workers[worker.name] = failed(worker, Reason.STOPPED)

    @rule()
    def nothing_is_in_the_way(self) -> None:
        self.admission = ALLOWED
        self.job = with_policy(self.job, suspend=False)
        self.works()

    @rule(suspended=st.booleans())
    def is_suspended(self, *, suspended: bool) -> None:
        self.job = with_policy(self.job, suspend=suspended)

    @rule(allowed=st.booleans())
    def is_admitted(self, *, allowed: bool) -> None:
        self.admission = ALLOWED if allowed else REFUSED

    # -- what always holds ------------------------------------------------------------------------------

    @invariant()
    def at_most_one_attempt_lives(self) -> None:
        assert len({(worker.stage, worker.attempt) for worker in self._live()}) <= 1

    @invariant()
    def restarts_stay_within_what_is_allowed(self) -> None:
        assert all(stage.restarts <= MAX_RESTARTS for stage in self.job.status.stages)

    @invariant()
    def a_job_that_has_ended_stays_as_it_is(self) -> None:
        if self.ended is not None:
            assert self.job.status == self.ended
        elif self.job.status.phase in TERMINAL:
            self.ended = self.job.status

    def teardown(self) -> None:
        """Left alone, a job ends or waits for a named reason; with nothing in its way it ends, and mostly well."""
        if not hasattr(self, "job"):
            return
        self._goes_on()
        self.nothing_is_in_the_way()
        self._goes_on()
        assert self.job.status.phase in TERMINAL
        assert self.mishaps or self.job.status.phase is Phase.SUCCEEDED

    def _goes_on(self) -> None:
        for _ in range(20):
            self.works()
            waits = self.job.status.phase is Phase.SUSPENDED and self.job.status.message in NAMED_WAITS
            if self.decision.ended or waits:
                break
            for worker in self._live():
                self.workers[worker.name] = failed(worker, Reason.STOPPED) if worker.stopping else succeeded(worker)
        else:
            raise AssertionError(f"expected the job to end or to wait for a named reason, found {self.job.status}")
        assert self._live() == []
        again = decide(self.job, tuple(self.workers.values()), self.admission, self.now_ms, POLICY)
        assert (again.status, again.actions, again.ended) == (self.job.status, (), self.decision.ended)

    # -- helpers ----------------------------------------------------------------------------------------

    def _live(self) -> list[Worker]:
        return [worker for worker in self.workers.values() if worker.live]

    def _create(self, action: CreateWorkers) -> None:
        document = action.document
        assert document.stage not in self.finished
        for plan in action.workers:
            if plan.name not in self.workers:
                self.workers[plan.name] = make_worker(plan.stage, plan.attempt, plan.index)
            self.seen[plan.name] = self.workers[plan.name]

    def _stop(self, action: StopWorkers) -> None:
        asked = {worker.uid for worker in self.seen.values() if worker.stopping}
        assert action.uids
        assert not asked.intersection(action.uids)
        for name, worker in self.workers.items():
            if worker.uid in action.uids and worker.live:
                self.workers[name] = replace(worker, stopping=True)

    def _compare(self, before: JobStatus, after: JobStatus) -> None:
        assert before.start_time is None or after.start_time is not None
        known = {stage.name: stage for stage in before.stages}
        for stage in after.stages:
            was = known.get(stage.name, StageStatus(name=stage.name))
            opened = stage.state is StageState.CREATING and was.state is not StageState.CREATING
            assert stage.attempt > was.attempt if opened else stage.attempt == was.attempt
            if stage.name in self.finished:
                assert (stage.state, stage.attempt) == (StageState.SUCCEEDED, self.finished[stage.name])
            elif stage.state is StageState.SUCCEEDED:
                assert stage.output is not None
                self.finished[stage.name] = stage.attempt


Jobs.TestCase.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
TestJobs = Jobs.TestCase


def test_a_deleted_job_needs_nothing_once_its_workers_have_ended() -> None:
    metadata = make_job().metadata.model_copy(update={"deletion_timestamp": START})
    job = make_job().model_copy(update={"metadata": metadata})
    decision = decide(job, (), ALLOWED, START_MS, POLICY)
    assert decide(with_status(job, decision.status), (), ALLOWED, START_MS, POLICY) == decision
