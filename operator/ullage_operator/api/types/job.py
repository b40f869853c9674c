"""TrainingJob: the manifest that ``kubectl apply`` and ``ullage run`` both take."""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import model_validator

from ullage_trainer.config import Data, Model, ModelSpec, Quantize, Script, Stage, Training

from .metadata import ObjectMeta
from .names import Image
from .policy import Accounting, Inputs, RunPolicy, StorageSpec
from .status import JobStatus
from .workers import Workers

API_VERSION: Final = "ullage.dev/v1alpha1"
KIND: Final = "TrainingJob"


def stage_problems(given: frozenset[str]) -> list[str]:
    """Return what is wrong, given which of ``data``, ``model``, ``script``, ``quantize``, ``inputs.*`` a job has.

    Takes names and not a spec, so that a spec with other errors in it is told these too.
    """
    problems: list[str] = []
    if not given & {"data", "model", "script", "quantize"}:
        problems.append("expected at least one of data, model, script, quantize, found none")
    if {"model", "script"} <= given:
        problems.append("expected at most one of model, script, found both")
    dataset = bool(given & {"data", "inputs.dataset"})
    if "model" in given and not dataset:
        problems.append("expected data or inputs.dataset beside model, found neither")
    if "quantize" in given and not dataset:
        problems.append("expected data or inputs.dataset beside quantize, found neither")
    if "quantize" in given and not given & {"model", "inputs.trained"}:
        problems.append("expected model or inputs.trained beside quantize, found neither")
    return problems


class TrainingJobSpec(Model):
    """What is to be done. A stage runs where its part is given: ``data``, ``model`` or ``script``, ``quantize``."""

    image: Image | None = None
    """The workers' image; absent means the one the operator is set up with. ``ullage run`` does without."""
    data: Data | None = None
    """What the prepare stage does; absent, a prepared data set is taken from ``inputs.dataset``."""
    inputs: Inputs | None = None
    """What stages that are left out would have made."""
    model: ModelSpec | None = None
    """What is trained; absent, there is no train stage."""
    script: Script | None = None
    """A Horovod program of your own, in the place of ``model``; ``training`` then means nothing."""
    training: Training = Training()
    """How it is trained."""
    quantize: Quantize | None = None
    """Which smaller models are made; absent, there is no quantize stage."""
    workers: Workers = Workers()
    """Who does the work."""
    storage: StorageSpec = StorageSpec()
    """Where data and artifacts are."""
    run_policy: RunPolicy = RunPolicy()
    """How long the job may take, how often it may fail, and what stays of it."""
    accounting: Accounting = Accounting()
    """In whose books the job is."""

    @model_validator(mode="after")
    def _stages_have_what_they_need(self) -> Self:
        given = {name for name in ("data", "model", "script", "quantize") if getattr(self, name) is not None}
        if self.inputs:
            given |= {f"inputs.{name}" for name in ("dataset", "trained") if getattr(self.inputs, name) is not None}
        if problems := stage_problems(frozenset(given)):
            raise ValueError("; ".join(problems))
        return self

    @model_validator(mode="after")
    def _ranks_have_work(self) -> Self:
        ranks = self.workers.replicas * self.workers.slots_per_worker
        problems = []
        if self.model is not None and self.training.global_batch_size < ranks:
            problems.append(
                f"expected training.globalBatchSize of at least workers.replicas x workers.slotsPerWorker ({ranks}), "
                f"found {self.training.global_batch_size}"
            )
        if self.model is not None and self.data is not None and self.data.virtual_shards < ranks:
            problems.append(
                f"expected data.virtualShards of at least workers.replicas x workers.slotsPerWorker ({ranks}), "
                f"found {self.data.virtual_shards}"
            )
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages that run, in order."""
        parts = {Stage.PREPARE: self.data, Stage.TRAIN: self.model or self.script, Stage.QUANTIZE: self.quantize}
        return tuple(stage for stage, part in parts.items() if part is not None)


class TrainingJob(Model):
    """A job that prepares data, trains a model on it, and quantizes the model."""

    api_version: Literal["ullage.dev/v1alpha1"] = API_VERSION
    """The version of this type."""
    kind: Literal["TrainingJob"] = KIND
    """``TrainingJob``."""
    metadata: ObjectMeta
    """Standard object metadata."""
    spec: TrainingJobSpec
    """What is to be done."""
    status: JobStatus = JobStatus()
    """Where the job stands; written by the operator."""
