"""The document that a stage's workers are given: everything they need, and nothing they have to look up."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from .base import Model, StoragePath
from .data import Data
from .model import ModelSpec, Script
from .quantize import Quantize
from .training import Training

CONTRACT_VERSION: Final = "ullage.dev/stage/v1alpha1"


class Stage(StrEnum):
    """What a worker is there for."""

    PREPARE = "prepare"
    TRAIN = "train"
    QUANTIZE = "quantize"


def _digits(value: object) -> object:
    """Return digits in a text as the number that they are; what is no such text goes on as it is."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 40 else value


Flop = Annotated[
    int,
    Field(ge=0),
    BeforeValidator(_digits),
    PlainSerializer(str, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,40}$", "maxLength": 40}),
]
"""Floating-point operations. In JSON they are digits in a text: a long training's are more than 64 bits hold."""


class JobIdentity(Model):
    """Which job this is."""

    namespace: Annotated[str, Field(max_length=63)]
    """The job's namespace; ``local`` for ``ullage run``."""
    name: Annotated[str, Field(max_length=40)]
    """The job's name."""
    uid: Annotated[str, Field(min_length=8, max_length=64)]
    """The job's UID."""


class Usage(Model):
    """What workers took. Unknown is null, never 0."""

    wall_ms: Annotated[int, Field(ge=0)] = 0
    """Milliseconds from start to end, summed over workers."""
    cpu_ms: Annotated[int, Field(ge=0)] = 0
    """Milliseconds of CPU time, user and system, of all processes."""
    peak_memory_bytes: Annotated[int, Field(ge=0)] = 0
    """Greatest resident set of one process."""
    gpu_ms: Annotated[int, Field(ge=0)] | None = None
    """Milliseconds in which accelerators were held, summed over accelerators."""
    gpu_active_ms: Annotated[int, Field(ge=0)] | None = None
    """Of these, milliseconds in which a kernel ran, by NVML; null where NVML is not there."""
    gpu_joules: Annotated[int, Field(ge=0)] | None = None
    """Energy of the accelerators by NVML; null where NVML is not there."""
    bytes_read: Annotated[int, Field(ge=0)] = 0
    """Bytes of input files read."""
    samples: Annotated[int, Field(ge=0)] = 0
    """Samples gone through (in training: rows times epochs)."""
    flop: Flop | None = None
    """Floating-point operations of training, counted from the model's graph; null where they can't be counted."""

    def __add__(self, other: Usage) -> Usage:
        """Sum two usages; a peak is the greater one; what one side does not know counts as what the other knows."""

        def both(left: int | None, right: int | None) -> int | None:
            return right if left is None else left if right is None else left + right

        return Usage(
            wall_ms=self.wall_ms + other.wall_ms,
            cpu_ms=self.cpu_ms + other.cpu_ms,
            peak_memory_bytes=max(self.peak_memory_bytes, other.peak_memory_bytes),
            gpu_ms=both(self.gpu_ms, other.gpu_ms),
            gpu_active_ms=both(self.gpu_active_ms, other.gpu_active_ms),
            gpu_joules=both(self.gpu_joules, other.gpu_joules),
            bytes_read=self.bytes_read + other.bytes_read,
            samples=self.samples + other.samples,
            flop=both(self.flop, other.flop),
        )


class StageUsage(Model):
    """What an earlier stage took, for the model card."""

    stage: Stage
    """The stage."""
    usage: Usage
    """What it took, over all its workers."""


class Gang(Model):
    """The workers of this attempt, which start and end together."""

    replicas: Annotated[int, Field(ge=1, le=4096)] = 1
    """How many workers there are."""
    slots_per_worker: Annotated[int, Field(ge=1, le=64)] = 1
    """How many ranks each worker runs."""
    cores_per_worker: Annotated[int, Field(ge=1)] | None = None
    """Cores that a worker's ranks share; absent means all that the machine has."""
    coordinator_host: Annotated[str, Field(max_length=253)] = "127.0.0.1"
    """Where worker 0 is found; on a cluster its DNS name with the trailing dot."""
    coordinator_port: Annotated[int, Field(ge=0, le=65535)] = 29400
    """The port worker 0 listens on."""
    interface: Annotated[str, Field(max_length=15)] | None = None
    """The network interface for Gloo; absent means what the way to the coordinator uses."""
    start_timeout_seconds: Annotated[int, Field(ge=1)] = 600
    """How long workers wait for each other."""

    @property
    def size(self) -> int:
        """How many ranks there are in all."""
        return self.replicas * self.slots_per_worker


class Storage(Model):
    """Where data and artifacts are."""

    root: Annotated[str, Field(max_length=4096)]
    """The folder that all paths are relative to: a volume's mount, or a local folder."""
    job: StoragePath
    """The job's own folder: every run of it lies below."""
    output: StoragePath
    """This attempt's folder: the only one it writes to."""


class StageDocument(Model):
    """One typed, versioned document in; an :class:`~ullage_trainer.config.ExitReport` comes out."""

    version: Literal["ullage.dev/stage/v1alpha1"] = CONTRACT_VERSION
    """The contract's version; a worker refuses another."""
    job: JobIdentity
    """Which job."""
    stage: Stage
    """Which stage."""
    attempt: Annotated[int, Field(ge=1)]
    """Which attempt at the stage, from 1."""
    gang: Gang = Gang()
    """The workers of this attempt."""
    storage: Storage
    """Where data and artifacts are."""
    dataset: StoragePath | None = None
    """The prepared data set, for train and quantize."""
    trained: StoragePath | None = None
    """The trained model's folder, for quantize."""
    data: Data | None = None
    """What prepare does."""
    model: ModelSpec | None = None
    """What is trained."""
    script: Script | None = None
    """A program of the user's own, in the place of model and training."""
    training: Training | None = None
    """How it is trained."""
    quantize: Quantize | None = None
    """How it is quantized."""
    institution: Annotated[str, Field(max_length=63)] | None = None
    """Whose books the job is in, for the model card."""
    used: list[StageUsage] = []
    """What earlier stages of the job took, for the model card."""
    grace_period_seconds: Annotated[int, Field(ge=1)] = 30
    """How long a worker has between SIGTERM and SIGKILL."""
    stall_timeout_seconds: Annotated[int, Field(ge=1)] = 600
    """Seconds without progress of the ranks after which the attempt fails as stalled."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {
            Stage.PREPARE: ("data",),
            Stage.TRAIN: ("script",) if self.script is not None else ("dataset", "model", "training"),
            Stage.QUANTIZE: ("dataset", "trained", "quantize"),
        }[self.stage]
        if missing := [name for name in needed if getattr(self, name) is None]:
            raise ValueError(f"stage {self.stage} expects {', '.join(needed)}, missing: {', '.join(missing)}")
        if self.stage is not Stage.TRAIN and self.gang.size != 1:
            raise ValueError(f"stage {self.stage} expects one worker with one slot, found {self.gang.size} ranks")
        return self
