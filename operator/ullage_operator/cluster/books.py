"""From a pod to entries in the books. Pure: time is passed in."""

from __future__ import annotations

from pydantic import ValidationError

from ullage_operator.accounts import is_final, opened, outcome_of, used
from ullage_operator.api.quantity import bytes_, cpu_millis
from ullage_operator.ledger import Entry, EntryContext, HoldOpened, HoldReleased, Outcome, Provenance
from ullage_operator.plan import MIB, WorkerPlan
from ullage_operator.plan.instants import millis
from ullage_trainer.config import ExitReport

from .names import BILLED_ANNOTATION, JsonObject, annotations_of, uid_of
from .observe import container_state, report_of

_UNKNOWN = {"worker_uid", "from_ms"}
"""What a pod's hold has that nobody knows before the pod is there."""
_SIGNALLED = frozenset({143, 137})
"""The exit codes of what SIGTERM and SIGKILL end."""


def billed(context: EntryContext, plan: WorkerPlan) -> str:
    """Return what a worker is billed by, for the pod's annotation."""
    hold = opened(context, plan, "unknown", 0, accelerators=plan.accelerators)
    return hold.model_dump_json(exclude=_UNKNOWN, exclude_defaults=True)


def hold_of(pod: JsonObject) -> HoldOpened | None:
    """Return the hold of a pod: from when it was bound to a node, by the API server's clock.

    Null for a pod that was never bound: it held nothing. Null too where the annotation was tampered with. What a job
    asks nothing for is what the namespace's LimitRange gave it.
    """
    since = _scheduled_ms(pod)
    written = annotations_of(pod).get(BILLED_ANNOTATION)
    if since is None or written is None:
        return None
    try:
        hold = HoldOpened.model_validate_json(
            f'{written.rstrip()[:-1]},"worker_uid":"{uid_of(pod)}","from_ms":{since}}}'
        )
    except ValidationError:
        return None
    if hold.cpu_millis and hold.memory_mib:
        return hold
    given = pod["spec"]["containers"][0].get("resources", {}).get("requests", {})
    cpu = hold.cpu_millis or cpu_millis(given.get("cpu", "0"))
    memory = hold.memory_mib or -(-bytes_(given.get("memory", "0")) // MIB)
    return hold.model_copy(update={"cpu_millis": cpu, "memory_mib": memory})


def ended(pod: JsonObject, hold: HoldOpened, live: ExitReport | None, now_ms: int) -> list[Entry]:
    """Return what is written of a pod that has ended.

    Its hold lasts until its container ended, by the node's clock, which is the only one that knows. A pod
    of which no such time is told ended, as far as is known, when it was to be gone, or by now; that is an estimate.
    """
    terminated = container_state(pod).get("terminated", {})
    at, source = terminated.get("finishedAt"), "container status"
    if at is None:
        at, source = pod["metadata"].get("deletionTimestamp"), "deletion time"
    known = now_ms if at is None else millis(at)
    measured = source == "container status"
    # A grace period is cut short by whoever ends before it.
    end = max(hold.from_ms, known if measured else min(known, now_ms))
    final = report_of(pod)
    report = final or live
    outcome = outcome_of(report)
    if outcome is Outcome.LOST and terminated:
        # One that is ended before it can say anything has not failed if it was told to end.
        told_to_end = measured and "deletionTimestamp" in pod["metadata"] and terminated.get("exitCode") in _SIGNALLED
        outcome = Outcome.STOPPED if told_to_end else Outcome.FAILED
    release = HoldReleased(
        context=hold.context,
        worker_uid=hold.worker_uid,
        to_ms=end,
        outcome=outcome,
        provenance=Provenance.MEASURED if measured else Provenance.ESTIMATED,
        source=source if at is not None else "when it was seen to have ended",
    )
    activity = [] if report is None else used(hold, report, end, measured=is_final(final))
    return [release, *activity]


def unseen_end(hold: HoldOpened, now_ms: int) -> HoldReleased:
    """Return the end of a hold whose pod is gone, of which nothing else is known: by now, which is an estimate."""
    return HoldReleased(
        context=hold.context,
        worker_uid=hold.worker_uid,
        to_ms=max(hold.from_ms, now_ms),
        outcome=Outcome.LOST,
        provenance=Provenance.ESTIMATED,
        source="when its pod was found to be gone",
    )


def _scheduled_ms(pod: JsonObject) -> int | None:
    conditions = pod.get("status", {}).get("conditions") or []
    bound = (c for c in conditions if c["type"] == "PodScheduled" and c["status"] == "True")
    return next((millis(condition["lastTransitionTime"]) for condition in bound), None)
