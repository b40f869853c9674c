"""Why a job stands where it stands: the reasons of its conditions and events, a closed set."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from ullage_operator.api.types import Phase
from ullage_trainer.config import Reason


class JobReason(StrEnum):
    """A reason that is neither a failure's nor a phase's name."""

    SPEC_VALID = "SpecValid"
    SPEC_INVALID = "SpecInvalid"
    STAGE_SUCCEEDED = "StageSucceeded"
    COMPLETED = "Completed"
    DELETED = "Deleted"
    GIVES_WAY = "GivesWay"
    NOT_ADMITTED = "NotAdmitted"
    BUDGET_EXHAUSTED = "BudgetExhausted"
    DEADLINE_EXCEEDED = "DeadlineExceeded"


REASONS: Final = frozenset({*map(str, JobReason), *map(str, Phase), *map(str, Reason)})
"""All that a condition of a job gives as its reason."""
