"""``ullage run``: the operator's loop with this machine for a cluster."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from ullage_operator.accounts import context_of, opened, work
from ullage_operator.api.types import JobStatus, ObjectMeta, Phase, TrainingJob
from ullage_operator.ledger import HoldOpened, Ledger
from ullage_operator.plan import Admission, CreateWorkers, Policy, StopWorkers, Worker, decide
from ullage_operator.plan.instants import rfc3339

from .books import local_accelerators, now_ms, write_ended
from .cluster import LocalCluster
from .workdir import Workdir

_LOOK_SECONDS = 0.25
_BACKOFF_MS = 1_000


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended."""

    job: TrainingJob
    workers: tuple[Worker, ...]

    @property
    def status(self) -> JobStatus:
        """The job's last status."""
        return self.job.status


def as_local(job: TrainingJob) -> TrainingJob:
    """Return the job as a new one of this machine: with a UID and no status."""
    metadata = ObjectMeta(
        **job.metadata.model_dump(exclude={"uid", "namespace", "deletion_timestamp"}),
        uid=str(uuid.uuid4()),
        namespace=job.metadata.namespace or "local",
    )
    return job.model_copy(update={"metadata": metadata, "status": JobStatus()})


@dataclass
class _Run:
    job: TrainingJob
    workdir: Workdir
    ledger: Ledger
    cluster: LocalCluster
    holds: dict[str, HoldOpened]

    def create(self, action: CreateWorkers) -> None:
        """Write the holds, then start the workers: a crash in between leaves a hold of no length."""
        uids = {plan.name: self.cluster.new_uid() for plan in action.workers}
        context, at = context_of(self.job), now_ms()
        there = local_accelerators() > 0
        new = {
            uids[plan.name]: opened(context, plan, uids[plan.name], at, accelerators=plan.accelerators if there else 0)
            for plan in action.workers
        }
        self.ledger.post(list(new.values()))
        self.holds.update(new)
        self.cluster.create(action, uids)


def run_job(
    job: TrainingJob,
    workdir: Workdir,
    ledger: Ledger,
    *,
    cancelled: threading.Event,
    observe: Callable[[TrainingJob, tuple[Worker, ...]], None],
) -> RunOutcome:
    """Run a job to its end, or until it is suspended, which nothing here lifts; the folder must be locked and settled.

    Parameters
    ----------
    job
        The job, from :func:`as_local`.
    workdir
        Where data and artifacts are.
    ledger
        The books, open for writing.
    cancelled
        Once set, the workers are stopped and the run ends.
    observe
        Called after each look with the job, its status as decided, and its workers.
    """
    cluster = LocalCluster(workdir)
    run = _Run(job, workdir, ledger, cluster, {})
    root = workdir.storage / job.spec.storage.path
    root.mkdir(parents=True, exist_ok=True)
    policy = Policy(storage_root=str(root.resolve()), backoff_ms=_BACKOFF_MS)
    try:
        while True:
            if cancelled.is_set() and run.job.metadata.deletion_timestamp is None:
                gone = run.job.metadata.model_copy(update={"deletion_timestamp": rfc3339(now_ms())})
                run.job = run.job.model_copy(update={"metadata": gone})
            workers = cluster.observe()
            write_ended(ledger, workers, run.holds)
            decision = decide(run.job, workers, Admission(), now_ms(), policy)
            run.job = run.job.model_copy(update={"status": decision.status})
            for action in decision.actions:
                if isinstance(action, CreateWorkers):
                    run.create(action)
                elif isinstance(action, StopWorkers):
                    cluster.stop(action)
            observe(run.job, workers)
            if decision.ended or decision.status.phase is Phase.SUSPENDED:
                ledger.post(work(run.job, now_ms()))
                return RunOutcome(run.job, cluster.observe())
            cluster.enforce()
            if decision.wake_at_ms is None or decision.wake_at_ms > now_ms():
                # Not a wait for `cancelled`: a signal's handler that sets it would wait for this wait's own lock.
                time.sleep(_LOOK_SECONDS)
    finally:
        cluster.close()
        write_ended(ledger, cluster.observe(), run.holds)
