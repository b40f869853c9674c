"""The exit report: what a worker says of itself, rewritten in place while it runs, final when it has ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field

from .base import Model, StoragePath
from .document import Stage, Usage
from .quantize import Variant
from .reasons import Reason

REPORT_VERSION: Final = "ullage.dev/report/v1alpha1"
MAX_REPORT_BYTES: Final = 4096
"""The kubelet keeps so much of a container's termination message."""


class WorkerState(StrEnum):
    """Where a worker stands, by its own word."""

    STARTING = "Starting"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"


class Progress(Model):
    """How far a stage is. What does not apply, or is not known yet, is null."""

    step: Annotated[int, Field(ge=0)] = 0
    """Steps done: global batches in training, parts of the work elsewhere."""
    total_steps: Annotated[int, Field(ge=0)] | None = None
    """Steps in all."""
    epoch: Annotated[int, Field(ge=0)] | None = None
    """The epoch, from 1."""
    epochs: Annotated[int, Field(ge=0)] | None = None
    """Epochs in all."""
    samples_per_second: Annotated[float, Field(ge=0)] | None = None
    """Over all ranks."""
    loss: float | None = None
    """Mean loss of the epoch so far."""
    metric: tuple[str, float] | None = None
    """The job's metric on the validation part: name and value."""
    step_ms: Annotated[int, Field(ge=0)] | None = None
    """When the last step ended: milliseconds since 1970 UTC, by rank 0's clock."""
    eta_seconds: Annotated[float, Field(ge=0)] | None = None
    """Seconds until the stage ends, estimated."""
    doing: Annotated[str, Field(max_length=64)] = ""
    """What is being done, in a few words."""


class Failure(Model):
    """What went wrong first."""

    reason: Reason
    """From the closed set."""
    message: Annotated[str, Field(max_length=1024)]
    """Where, what was expected, what was found, what to do."""
    rank: Annotated[int, Field(ge=0)] | None = None
    """The rank that failed first; null outside training."""
    worker: Annotated[int, Field(ge=0)] = 0
    """The worker that failed first."""
    exit_code: Annotated[int, Field(ge=0, le=255)] | None = None
    """The code that the process ended with, 128 and more for a signal; null where none is known."""
    signal: Annotated[str, Field(max_length=16)] | None = None
    """The signal that ended the process."""
    last_lines: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=10)] = []
    """The last lines that the process wrote."""


class Checkpoint(Model):
    """A point that training can go on from."""

    path: StoragePath
    """The folder, relative to storage."""
    step: Annotated[int, Field(ge=0)]
    """Steps done."""
    epoch: Annotated[int, Field(ge=0)] | None = None
    """Epochs done."""
    written_ms: Annotated[int, Field(ge=0)]
    """When it was whole: milliseconds since 1970 UTC, by the worker's clock."""


class VariantResult(Model):
    """One row of the table of variants; ``float`` is the model as it was trained."""

    variant: Variant | Literal["float"]
    """Which variant."""
    bytes: Annotated[int, Field(ge=0)]
    """The file's size."""
    metric: float
    """The job's metric on the test part, through the same runtime for every variant."""
    latency_p50_us: Annotated[float, Field(ge=0)]
    """Median microseconds of a call with one sample, one thread."""
    latency_p95_us: Annotated[float, Field(ge=0)]
    """95th percentile of the same calls."""
    rejected: bool = False
    """Loses more of the metric than ``maxMetricDrop`` allows."""


class Use(Model):
    """A data asset that was used: distinct accepted rows, not epochs."""

    asset: Annotated[str, Field(max_length=63)]
    """The source's name."""
    fingerprint: Annotated[str, Field(max_length=64)]
    """A digest of its files."""
    rows_read: Annotated[int, Field(ge=0)]
    """Rows in the files."""
    rows_accepted: Annotated[int, Field(ge=0)]
    """Distinct rows that cleaning let pass."""
    bytes: Annotated[int, Field(ge=0)]
    """Size of the files."""


class Output(Model):
    """What a stage made."""

    path: StoragePath
    """The folder, relative to storage."""
    digest: Annotated[str, Field(max_length=64)]
    """The digest of the inputs and of the fields that affect the output."""
    reused: bool = False
    """An earlier run had made it already."""


MAX_METRICS: Final = 32
Metrics = Annotated[dict[str, float], Field(max_length=MAX_METRICS)]
"""Measures by name."""
Variants = Annotated[list[VariantResult], Field(max_length=8)]
"""The table of variants."""
Uses = Annotated[list[Use], Field(max_length=64)]
"""Data assets used."""


class ExitReport(Model):
    """What a worker says of itself."""

    version: Literal["ullage.dev/report/v1alpha1"] = REPORT_VERSION
    """The contract's version."""
    stage: Stage
    """Which stage."""
    attempt: Annotated[int, Field(ge=1)]
    """Which attempt."""
    index: Annotated[int, Field(ge=0)]
    """Which worker of the gang."""
    state: WorkerState
    """Where it stands."""
    started_ms: Annotated[int, Field(ge=0)]
    """When it started: milliseconds since 1970 UTC, by the worker's clock."""
    updated_ms: Annotated[int, Field(ge=0)]
    """When this was written; once ended, when it ended."""
    usage: Usage = Usage()
    """What this worker took, its ranks together."""
    gang_usage: Usage | None = None
    """What all workers of the gang took until now, by their heartbeats; from worker 0 of several, while it is asked."""
    ranks: Annotated[list[tuple[int, int, int]], Field(max_length=64)] = []
    """Detail by rank: number, CPU milliseconds, peak memory in bytes."""
    parameters: Annotated[int, Field(ge=0)] | None = None
    """How many numbers the model holds that is trained, trained or not; from rank 0's worker."""
    progress: Progress | None = None
    """How far it is; from rank 0's worker."""
    failure: Failure | None = None
    """What went wrong, where it failed."""
    checkpoint: Checkpoint | None = None
    """The last checkpoint; from rank 0's worker."""
    output: Output | None = None
    """What it made, where it succeeded; from worker 0."""
    metrics: Metrics = {}
    """Measures on the test part by name; baselines as ``majority.log_loss``. From worker 0."""
    variants: Variants = []
    """The table of variants, from quantize."""
    uses: Uses = []
    """Data assets used, from prepare."""

    def encode(self) -> bytes:
        """Return JSON of at most :data:`MAX_REPORT_BYTES`; detail is dropped, least needed first, until it fits."""
        body = self.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)
        body["version"] = self.version
        for shorten in _SHORTENINGS:
            encoded = _dump(body)
            if len(encoded) <= MAX_REPORT_BYTES:
                return encoded
            shorten(body)
        return _dump(body)


def _dump(body: dict[str, object]) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=True).encode()


def _drop(name: str) -> Callable[[dict[str, object]], None]:
    def drop(body: dict[str, object]) -> None:
        body.pop(name, None)

    return drop


def _failure(body: dict[str, object]) -> dict[str, object]:
    failure = body.get("failure")
    return failure if isinstance(failure, dict) else {}


def _halve_last_lines(body: dict[str, object]) -> None:
    lines = _failure(body).get("lastLines")
    if isinstance(lines, list):
        del lines[: (len(lines) + 1) // 2]


def _halve_message(body: dict[str, object]) -> None:
    message = _failure(body).get("message")
    if isinstance(message, str):
        _failure(body)["message"] = message[: len(message) // 2]


# In JSON a character takes up to twelve bytes: a message of 1,024 may have to be halved three times.
_SHORTENINGS: Final = (
    _drop("ranks"),
    _halve_last_lines,
    _halve_last_lines,
    _halve_last_lines,
    _halve_last_lines,
    _halve_message,
    _halve_message,
    _halve_message,
    _drop("variants"),
    _drop("metrics"),
    _drop("uses"),
    _drop("progress"),
)
