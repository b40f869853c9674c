"""From a worker to entries in the books: whose they are, what it holds, and what its report says that it used. Pure."""

from __future__ import annotations

from typing import Final

from ullage_operator.api.types import TrainingJob
from ullage_operator.api.types.units import exactly
from ullage_operator.ledger import (
    Activity,
    DataUse,
    Entry,
    EntryContext,
    HoldOpened,
    Outcome,
    Provenance,
    Transfer,
    account_of,
    estimate,
)
from ullage_operator.plan import WorkerPlan
from ullage_operator.plan.instants import millis
from ullage_trainer.config import ExitReport, Usage, WorkerState

_SECONDS_PER_HOUR: Final = 3_600
_FINAL = {
    WorkerState.SUCCEEDED: Outcome.SUCCEEDED,
    WorkerState.FAILED: Outcome.FAILED,
    WorkerState.STOPPED: Outcome.STOPPED,
}


def context_of(job: TrainingJob) -> EntryContext:
    """Return whose books a job is in."""
    return EntryContext(
        job_uid=job.metadata.uid or "",
        namespace=job.metadata.namespace or "local",
        job=job.metadata.name,
        institution=job.spec.accounting.institution,
        programme=job.spec.accounting.programme,
        model_family=job.spec.accounting.model_family,
    )


def opened(context: EntryContext, plan: WorkerPlan, uid: str, at_ms: int, *, accelerators: int) -> HoldOpened:
    """Return the hold of a worker; ``accelerators`` is how many of those it asked for are really there."""
    return HoldOpened(
        context=context,
        worker_uid=uid,
        stage=plan.stage,
        attempt=plan.attempt,
        index=plan.index,
        slots=plan.slots,
        accelerators=accelerators,
        accelerator_type=plan.accelerator_type if accelerators else None,
        cpu_millis=plan.cpu_millis,
        memory_mib=plan.memory_mib,
        from_ms=at_ms,
    )


def work(job: TrainingJob, end_ms: int) -> list[Transfer]:
    """Return the work of people that a job which ended at ``end_ms`` declares, by role, spread over the job's time.

    It is keyed by the job's UID: however many attempts there were, it counts once. None of a job that never opened, or
    is in no institution's books: nobody's people worked for it.
    """
    institution, opened_at = job.spec.accounting.institution, job.status.start_time
    if institution is None or opened_at is None:
        return []
    uid, start_ms = job.metadata.uid or "", millis(opened_at)
    return [
        Transfer(
            subject=f"job/{uid}",
            institution=institution,
            operation="work",
            reference=f"{uid}/{entry.role}",
            from_account=account_of(institution),
            from_role=entry.role,
            to_account="work",
            to_role=entry.role,
            seconds=round(exactly(entry.hours) * _SECONDS_PER_HOUR),
            job_uid=uid,
            from_ms=start_ms,
            to_ms=max(start_ms, end_ms),
            source="job",
        )
        for entry in job.spec.accounting.person_hours
    ]


def is_final(report: ExitReport | None) -> bool:
    """Tell whether a report is a worker's last word."""
    return report is not None and report.state in _FINAL


def outcome_of(report: ExitReport | None) -> Outcome:
    """Return how a worker ended, by its last word; one without a last word is lost."""
    return Outcome.LOST if report is None else _FINAL.get(report.state, Outcome.LOST)


def used(hold: HoldOpened, report: ExitReport, end_ms: int, *, measured: bool) -> list[Entry]:
    """Return what a report says was used within a hold that ended at ``end_ms``.

    Quantities stay as they are, but for what no meter told; times are moved inside the hold, since clocks of nodes
    differ.
    """
    usage = _metered(hold, report.usage)
    start = min(max(hold.from_ms, report.started_ms), end_ms)
    until = min(max(start, report.updated_ms), end_ms)
    energy = estimate(
        usage.cpu_ms,
        hold.memory_mib << 20,
        until - start,
        gpu_joules=usage.gpu_joules,
        accelerators=hold.accelerators,
    )
    activity = Activity(
        context=hold.context,
        worker_uid=hold.worker_uid,
        from_ms=start,
        to_ms=until,
        usage=usage,
        ranks=tuple(report.ranks),
        energy=energy,
        parameters=report.parameters,
        provenance=Provenance.MEASURED if measured else Provenance.ESTIMATED,
        source="exit report" if measured else "last heartbeat",
    )
    uses = [DataUse(context=hold.context, worker_uid=hold.worker_uid, at_ms=end_ms, use=use) for use in report.uses]
    return [activity, *uses]


def _metered(hold: HoldOpened, usage: Usage) -> Usage:
    """Return what was used as it is known: a worker that holds accelerators and saw none does not know what they did.

    Such are those that NVML does not tell of, or a node that only says that it has some.
    """
    if not hold.accelerators or usage.gpu_ms != 0:
        return usage
    return usage.model_copy(update=dict.fromkeys(("gpu_ms", "gpu_active_ms", "gpu_joules")))
