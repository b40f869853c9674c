"""``status``: where a job stands, written by the operator and never by its user."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ullage_trainer.config import Checkpoint, Failure, Model, Output, Progress, Stage, StoragePath, Usage, VariantResult

from .names import Text, Timestamp

Count = Annotated[int, Field(ge=0)]
ShortText = Annotated[str, Field(max_length=64)]
"""A word or two for a column."""


class Phase(StrEnum):
    """Where a job stands, in one word."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUSPENDED = "Suspended"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class StageState(StrEnum):
    """Where a stage stands. ``Creating`` means that the attempt is recorded and its workers may not all exist yet."""

    PENDING = "Pending"
    CREATING = "Creating"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class ConditionStatus(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(Model):
    """One aspect of the job's state, as Kubernetes has conditions (``metav1.Condition``)."""

    type: Annotated[str, Field(min_length=1, max_length=316)]
    """Which aspect."""
    status: ConditionStatus
    """Whether it holds."""
    reason: Annotated[str, Field(max_length=256)] = ""
    """Why, in one CamelCase word."""
    message: Annotated[str, Field(max_length=32768)] = ""
    """Why, for people."""
    last_transition_time: Timestamp
    """When ``status`` last changed."""
    observed_generation: Count | None = None
    """The generation of the job that this is about."""


class StageStatus(Model):
    """Where one stage stands."""

    name: Stage
    """Which stage."""
    state: StageState = StageState.PENDING
    """Where it stands."""
    attempt: Count = 0
    """The number of the latest attempt, from 1; 0 before the first."""
    created: bool = False
    """All workers of the attempt have been created: from now on, an absent one is a lost one."""
    restarts: Count = 0
    """Failures that counted against ``runPolicy.maxRestarts``."""
    start_time: Timestamp | None = None
    """When the first attempt started."""
    attempt_time: Timestamp | None = None
    """When the latest attempt was opened."""
    started: bool = False
    """All workers of the latest attempt have run."""
    gated: bool = False
    """A queue holds the latest attempt back; that time does not count as time to start in."""
    yields: Count = 0
    """How often an attempt that had places for some of its workers gave way to an older job."""
    finish_time: Timestamp | None = None
    """When the stage ended."""
    workers_ready: Count = 0
    """Workers of the attempt that run."""
    workers_failed: Count = 0
    """Workers of the attempt that failed."""
    checkpoint: Checkpoint | None = None
    """The last checkpoint that an attempt told of; the next one goes on from it, or from a newer one."""
    output: Output | None = None
    """What the stage made."""
    usage: Usage | None = None
    """What the stage's workers have taken, over all its attempts."""


class JobStatus(Model):
    """Where a job stands."""

    observed_generation: Count | None = None
    """The generation of ``spec`` that this status is about."""
    phase: Phase = Phase.PENDING
    """Where the job stands, in one word."""
    message: Text = ""
    """What it waits for, or why it ended."""
    conditions: list[Condition] = Field(default_factory=list, max_length=32)
    """Aspects of its state."""
    start_time: Timestamp | None = None
    """When the first worker was asked for."""
    finish_time: Timestamp | None = None
    """When the job ended."""
    stage: Stage | None = None
    """The stage it is at."""
    stages: list[StageStatus] = Field(default_factory=list, max_length=3)
    """Where each stage stands."""
    progress: Progress | None = None
    """How far the stage is."""
    progress_text: ShortText = ""
    """How far the stage is, such as ``63%``."""
    eta: ShortText = ""
    """How long the stage will still take, such as ``2m10s``."""
    metric: ShortText = ""
    """The job's metric, such as ``accuracy 0.981``."""
    failure: Failure | None = None
    """What went wrong first."""
    artifacts: StoragePath | None = None
    """The folder with the job's artifacts, relative to storage."""
    metrics: Annotated[dict[Annotated[str, Field(max_length=64)], float], Field(max_length=32)] = Field(
        default_factory=dict
    )
    """Measures on the test part, by name."""
    variants: list[VariantResult] = Field(default_factory=list, max_length=8)
    """The table of quantized variants beside the float model."""
    usage: Usage | None = None
    """What the job's workers have taken."""
    image: Annotated[str, Field(max_length=512)] | None = None
    """The image that the workers run."""
