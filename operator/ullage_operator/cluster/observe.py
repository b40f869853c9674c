"""From a pod, as the API server has it, to a worker. Pure: time is passed in."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from pydantic import ValidationError

from ullage_operator.accounts import is_final
from ullage_operator.plan import Worker, WorkerPhase
from ullage_operator.plan.instants import millis
from ullage_trainer.config import ExitReport, Failure, Reason, Stage

from .names import (
    ATTEMPT_LABEL,
    CONTAINER,
    INDEX_LABEL,
    STAGE_LABEL,
    STOPPED_ANNOTATION,
    JsonObject,
    annotations_of,
    labels_of,
    uid_of,
)

_IMAGE_REASONS: Final = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"}
)
_START_REASONS: Final = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "ContainerCannotRun", "StartError"}
)
_LOST_AFTER_MS: Final = 60_000
"""A pod that is to go has its grace period and so long: then its node will not tell any more."""
_MAX_LINES: Final = 10


def container_state(pod: JsonObject) -> JsonObject:
    """Return the state of the container ``trainer``; empty before it has one."""
    statuses = pod.get("status", {}).get("containerStatuses") or []
    return next((status.get("state") or {} for status in statuses if status["name"] == CONTAINER), {})


def attempt_of(pod: JsonObject) -> tuple[Stage, int]:
    """Return which attempt at which stage a pod works in."""
    labels = labels_of(pod)
    return Stage(labels[STAGE_LABEL]), int(labels[ATTEMPT_LABEL])


def has_ended(pod: JsonObject, now_ms: int) -> bool:
    """Tell whether nothing of a pod runs any more."""
    if "terminated" in container_state(pod) or pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        return True
    return _gone_before_bound(pod) or _is_lost(pod, now_ms)


def report_of(pod: JsonObject) -> ExitReport | None:
    """Return what a pod's container said when it ended; null if nothing, or nothing whole."""
    message = container_state(pod).get("terminated", {}).get("message")
    return _read(message) if message else None


@lru_cache(maxsize=4096)
def _read(message: str) -> ExitReport | None:
    """Read a last word: the same one is looked at in every pass until its pod goes."""
    try:
        return ExitReport.model_validate_json(message)
    except ValidationError:
        return None


def observe(pod: JsonObject, live: ExitReport | None, now_ms: int) -> Worker:
    """Return the worker that a pod is; ``live`` is what it told when it was last asked."""
    stage, attempt = attempt_of(pod)
    state = container_state(pod)
    report = report_of(pod) or live
    over = has_ended(pod, now_ms)
    # An operator may have died between writing that it stops a pod and doing so.
    stopping = STOPPED_ANNOTATION in annotations_of(pod) and (over or "deletionTimestamp" in pod["metadata"])
    if over:
        well = state.get("terminated", {}).get("exitCode") == 0 and is_final(report)
        phase = WorkerPhase.SUCCEEDED if well else WorkerPhase.FAILED
    else:
        phase = WorkerPhase.RUNNING if "running" in state else WorkerPhase.PENDING
    seen = None
    if phase is WorkerPhase.PENDING:
        seen = _hindrance(pod, state)
    elif phase is WorkerPhase.FAILED and not stopping:
        seen = _end(pod, state, report, now_ms)
    return Worker(
        name=pod["metadata"]["name"],
        uid=uid_of(pod),
        stage=stage,
        attempt=attempt,
        index=int(labels_of(pod)[INDEX_LABEL]),
        phase=phase,
        stopping=stopping,
        report=report,
        seen=seen,
        bound=bool(pod["spec"].get("nodeName")),
        gated=bool(_gates(pod)),
    )


def _gates(pod: JsonObject) -> list[str]:
    """Return the scheduling gates that keep a pod from being bound."""
    return [str(gate["name"]) for gate in pod["spec"].get("schedulingGates") or []]


def _gone_before_bound(pod: JsonObject) -> bool:
    return "deletionTimestamp" in pod["metadata"] and not pod["spec"].get("nodeName")


def lost_at_ms(pod: JsonObject) -> int | None:
    """Return when a pod that is to go should have ended long ago; its deletion time has the grace period in it."""
    due = pod["metadata"].get("deletionTimestamp")
    return None if due is None else millis(due) + _LOST_AFTER_MS


def _is_lost(pod: JsonObject, now_ms: int) -> bool:
    at = lost_at_ms(pod)
    return at is not None and now_ms >= at


def _condition(pod: JsonObject, name: str, status: str) -> JsonObject | None:
    conditions = pod.get("status", {}).get("conditions") or []
    return next((c for c in conditions if c["type"] == name and c["status"] == status), None)


def _failure(pod: JsonObject, reason: Reason, message: str, lines: list[str] | None = None) -> Failure:
    return Failure(
        reason=reason,
        message=f"pod {pod['metadata']['name']}: {message}"[:1024],
        worker=int(labels_of(pod)[INDEX_LABEL]),
        exit_code=container_state(pod).get("terminated", {}).get("exitCode"),
        last_lines=[line[-200:] for line in (lines or [])[-_MAX_LINES:]],
    )


def _hindrance(pod: JsonObject, state: JsonObject) -> Failure | None:
    """Return why a pod does not run yet, if that is more than that it takes a moment."""
    waiting = state.get("waiting", {})
    why, told = waiting.get("reason", ""), waiting.get("message", "")
    if why in _IMAGE_REASONS:
        image = pod["spec"]["containers"][0].get("image")
        return _failure(pod, Reason.IMAGE_UNAVAILABLE, f"image {image} can't be pulled ({why}) {told}".strip())
    if why in _START_REASONS:
        return _failure(pod, Reason.START_FAILED, f"{why}: {told}")
    if gates := _gates(pod):
        return _failure(pod, Reason.UNSCHEDULABLE, f"waits in a queue: {', '.join(gates)}")
    unscheduled = _condition(pod, "PodScheduled", "False")
    if unscheduled is not None and unscheduled.get("reason") == "Unschedulable":
        return _failure(pod, Reason.UNSCHEDULABLE, f"no node takes it: {unscheduled.get('message', '')}")
    return None


def _end(  # noqa: PLR0911 - one return a way to end
    pod: JsonObject, state: JsonObject, report: ExitReport | None, now_ms: int
) -> Failure | None:
    """Return how a pod ended, as far as that is seen from outside and was not our wish."""
    status, terminated = pod.get("status", {}), state.get("terminated", {})
    if disruption := _condition(pod, "DisruptionTarget", "True"):
        return _failure(pod, Reason.DISRUPTED, disruption.get("message") or str(disruption.get("reason")))
    if status.get("reason") == "Evicted":
        return _failure(pod, Reason.DISRUPTED, f"evicted: {status.get('message', '')}")
    if "deletionTimestamp" in pod["metadata"]:
        if _is_lost(pod, now_ms) and not terminated and not _gone_before_bound(pod):
            return _failure(pod, Reason.LOST, "its node does not tell how it ended")
        return _failure(pod, Reason.DISRUPTED, "somebody else deleted it")
    if terminated.get("reason") == "OOMKilled":
        limit = pod["spec"]["containers"][0].get("resources", {}).get("limits", {}).get("memory", "its node has")
        advice = "raise workers.resources or lower training.globalBatchSize"
        return _failure(pod, Reason.OUT_OF_MEMORY, f"killed because it took more memory than {limit}; {advice}")
    if terminated.get("reason") in _START_REASONS:
        return _failure(pod, Reason.START_FAILED, f"{terminated['reason']}: {terminated.get('message', '')}")
    if report is None and terminated:
        lines = str(terminated.get("message", "")).splitlines()
        return _failure(pod, Reason.EXCEPTION, f"ended with exit code {terminated.get('exitCode')}", lines)
    return None
