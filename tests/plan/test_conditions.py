from __future__ import annotations

from plan.builders import START, START_MS
from ullage_operator.api.types import Condition, ConditionStatus, JobStatus, Phase
from ullage_operator.plan.conditions import holds_since, with_conditions

LATER_MS, LATER = START_MS + 60_000, "2026-11-23T08:01:00Z"


def condition(kind: str, holds: str, reason: str, message: str, since: str, generation: int = 1) -> Condition:
    return Condition(
        type=kind,
        status=ConditionStatus(holds),
        reason=reason,
        message=message,
        last_transition_time=since,
        observed_generation=generation,
    )


def running() -> JobStatus:
    return with_conditions(JobStatus(phase=Phase.RUNNING, message="prepare: starting"), "Running", START_MS, 1)


def test_a_job_that_was_never_in_a_phase_has_no_condition_of_it() -> None:
    assert running() == JobStatus(
        phase=Phase.RUNNING,
        message="prepare: starting",
        observed_generation=1,
        conditions=[condition("Running", "True", "Running", "prepare: starting", START)],
    )


def test_a_pending_job_has_no_condition() -> None:
    assert with_conditions(JobStatus(), "Pending", START_MS, 1).conditions == []


def test_a_condition_that_still_holds_keeps_its_time_and_takes_the_new_reason() -> None:
    going_on = running().model_copy(update={"message": "train: running"})
    assert with_conditions(going_on, "StageSucceeded", LATER_MS, 2).conditions == [
        condition("Running", "True", "StageSucceeded", "train: running", START, generation=2)
    ]


def test_a_phase_that_ends_turns_its_condition_and_the_next_one_at_the_same_time() -> None:
    over = running().model_copy(update={"phase": Phase.FAILED, "message": "train failed"})
    assert with_conditions(over, "DataInvalid", LATER_MS, 1).conditions == [
        condition("Running", "False", "DataInvalid", "train failed", LATER),
        condition("Failed", "True", "DataInvalid", "train failed", LATER),
    ]


def test_a_condition_that_has_ended_is_left_as_it_was() -> None:
    suspended = running().model_copy(update={"phase": Phase.SUSPENDED, "message": "suspended"})
    once = with_conditions(suspended, "Suspended", LATER_MS, 1)
    again = with_conditions(once.model_copy(update={"message": "budget"}), "Budget", LATER_MS + 60_000, 1)
    assert again.conditions == [
        condition("Running", "False", "Suspended", "suspended", LATER),
        condition("Suspended", "True", "Budget", "budget", LATER),
    ]


def test_since_when_a_phase_holds_is_read_from_its_condition() -> None:
    suspended = with_conditions(running().model_copy(update={"phase": Phase.SUSPENDED}), "Suspended", LATER_MS, 1)
    assert [holds_since(suspended, phase) for phase in Phase] == [None, None, LATER, None, None]
