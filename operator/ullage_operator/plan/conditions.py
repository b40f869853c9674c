"""Conditions of a job, from its phase: a closed set of types and reasons."""

from __future__ import annotations

from ullage_operator.api.types import Condition, JobStatus, Phase
from ullage_operator.api.types import ConditionStatus as Status

from .instants import rfc3339

_HOLDS = {
    "Running": frozenset({Phase.RUNNING}),
    "Suspended": frozenset({Phase.SUSPENDED}),
    "Succeeded": frozenset({Phase.SUCCEEDED}),
    "Failed": frozenset({Phase.FAILED}),
}


def with_conditions(status: JobStatus, reason: str, now_ms: int, generation: int | None) -> JobStatus:
    """Return the status with one condition a type; a condition's time changes only with its status."""
    before = {condition.type: condition for condition in status.conditions}
    conditions = []
    for name, phases in _HOLDS.items():
        holds = Status.TRUE if status.phase in phases else Status.FALSE
        known = before.get(name)
        if known is None and holds is Status.FALSE:
            continue
        changed = known is None or known.status is not holds
        conditions.append(
            Condition(
                type=name,
                status=holds,
                reason=reason,
                message=status.message,
                last_transition_time=rfc3339(now_ms) if changed or known is None else known.last_transition_time,
                observed_generation=generation,
            )
            if changed or holds is Status.TRUE or known is None
            else known
        )
    return status.model_copy(update={"conditions": conditions, "observed_generation": generation})
