"""Conditions of a job, from its phase: a closed set of types and reasons."""

from __future__ import annotations

from typing import Final

from ullage_operator.api.types import Condition, JobStatus, Phase
from ullage_operator.api.types import ConditionStatus as Status

from .instants import rfc3339

_PHASES: Final = (Phase.RUNNING, Phase.SUSPENDED, Phase.SUCCEEDED, Phase.FAILED)
"""The phases that have a condition, which is of their name."""


def with_conditions(status: JobStatus, reason: str, now_ms: int, generation: int | None) -> JobStatus:
    """Return the status with one condition a type; a condition's time changes only with its status."""
    before = {condition.type: condition for condition in status.conditions}
    conditions = []
    for phase in _PHASES:
        holds = Status.TRUE if status.phase is phase else Status.FALSE
        known = before.get(phase.value)
        if known is None and holds is Status.FALSE:
            continue
        changed = known is None or known.status is not holds
        conditions.append(
            Condition(
                type=phase.value,
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


def holds_since(status: JobStatus, phase: Phase) -> str | None:
    """Return since when a phase's condition holds; null if it does not."""
    held = (c for c in status.conditions if c.type == phase.value and c.status is Status.TRUE)
    return next((condition.last_transition_time for condition in held), None)
