"""Conditions of a job: a closed set of types, whose reasons are those of :data:`~.reasons.REASONS`."""

from __future__ import annotations

from typing import Final

from ullage_operator.api.types import Condition, JobStatus, Phase
from ullage_operator.api.types import ConditionStatus as Status

from .instants import rfc3339
from .reasons import JobReason

_PHASES: Final = {phase.value: phase for phase in (Phase.RUNNING, Phase.SUSPENDED, Phase.SUCCEEDED, Phase.FAILED)}
"""The phases that have a condition, which is of their name."""

ACCEPTED: Final = "Accepted"
"""Whether the spec is one that can be worked on."""


def with_conditions(status: JobStatus, reason: str, now_ms: int, generation: int | None) -> JobStatus:
    """Return the status with one condition a phase; a condition's time changes only with its status."""
    before = {each.type: each for each in status.conditions}
    conditions = [each for each in status.conditions if each.type not in _PHASES]
    for name, phase in _PHASES.items():
        holds = Status.TRUE if status.phase is phase else Status.FALSE
        known = before.get(name)
        if known is None and holds is Status.FALSE:
            continue
        if known is not None and known.status is holds and holds is Status.FALSE:
            conditions.append(known)
            continue
        conditions.append(condition(known, name, holds, reason, status.message, now_ms, generation))
    return status.model_copy(update={"conditions": conditions, "observed_generation": generation})


def accepted(status: JobStatus, errors: str, now_ms: int, generation: int | None) -> JobStatus:
    """Return the status with the condition whether the spec is accepted; ``errors`` is empty if it is."""
    known = next((each for each in status.conditions if each.type == ACCEPTED), None)
    holds, reason = (Status.FALSE, JobReason.SPEC_INVALID) if errors else (Status.TRUE, JobReason.SPEC_VALID)
    told = condition(known, ACCEPTED, holds, reason, errors, now_ms, generation)
    if told is known and status.observed_generation == generation:
        return status
    others = [each for each in status.conditions if each.type != ACCEPTED]
    return status.model_copy(update={"conditions": [told, *others], "observed_generation": generation})


def holds_since(status: JobStatus, phase: Phase) -> str | None:
    """Return since when a phase's condition holds; null if it does not."""
    held = (c for c in status.conditions if c.type == phase.value and c.status is Status.TRUE)
    return next((each.last_transition_time for each in held), None)


def condition(
    known: Condition | None, name: str, holds: Status, reason: str, message: str, now_ms: int, generation: int | None
) -> Condition:
    """Return a condition; its time changes only with its status."""
    told = (holds, reason, message[:32768], generation)
    if known is not None and (known.status, known.reason, known.message, known.observed_generation) == told:
        return known
    unchanged = known is not None and known.status is holds
    return Condition(
        type=name,
        status=holds,
        reason=reason,
        message=message[:32768],
        last_transition_time=known.last_transition_time if unchanged and known is not None else rfc3339(now_ms),
        observed_generation=generation,
    )
