"""``spec.workers``: how many there are, what each is given, and how their pods are made."""

from __future__ import annotations

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from ullage_operator.api.accelerators import is_accelerator
from ullage_operator.api.quantity import parse_quantity
from ullage_trainer.config import Model, Stage

from .names import QualifiedName, Quantity
from .template import WorkerTemplate

ResourceMap = Annotated[dict[QualifiedName, Quantity], Field(max_length=16)]
"""Quantities by resource name."""

DEFAULT_REQUESTS: Final[dict[str, str]] = {"cpu": "1", "memory": "2Gi"}


class ResourceRequirements(Model):
    """What a container asks for and may use, as in the Kubernetes API."""

    requests: ResourceMap = DEFAULT_REQUESTS
    """What is set aside: cpu, memory and others."""
    limits: ResourceMap = Field(default_factory=dict)
    """What may not be exceeded. Extended resources, such as ``nvidia.com/gpu``, are given here."""

    @model_validator(mode="after")
    def _requests_within_limits(self) -> Self:
        problems: list[str] = []
        for name, requested in self.requests.items():
            limit = self.limits.get(name)
            if "/" in name and (limit is None or parse_quantity(limit) != parse_quantity(requested)):
                problems.append(f"expected limits of {name} equal to its request {requested}, found {limit or 'none'}")
            elif limit is not None and parse_quantity(requested) > parse_quantity(limit):
                problems.append(f"expected a request of {name} of at most its limit {limit}, found {requested}")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @model_validator(mode="after")
    def _one_kind_of_accelerator(self) -> Self:
        kinds = sorted(name for name in self.limits if is_accelerator(name))
        if len(kinds) > 1:
            raise ValueError(f"expected limits of one kind of accelerator, found {', '.join(kinds)}")
        return self


class StageResources(Model):
    """What one worker of each stage is given."""

    prepare: ResourceRequirements = ResourceRequirements()
    """For the worker that prepares data; no accelerator is needed."""
    train: ResourceRequirements = ResourceRequirements()
    """For each worker that trains."""
    quantize: ResourceRequirements = ResourceRequirements()
    """For the worker that quantizes; no accelerator is needed."""

    def of(self, stage: Stage) -> ResourceRequirements:
        """Return what one worker of a stage is given."""
        return {Stage.PREPARE: self.prepare, Stage.TRAIN: self.train, Stage.QUANTIZE: self.quantize}[stage]


class Workers(Model):
    """The workers of the train stage, and the pods of all stages. Prepare and quantize run on one worker."""

    replicas: Annotated[int, Field(ge=1, le=4096)] = 1
    """How many workers train together."""
    slots_per_worker: Annotated[int, Field(ge=1, le=64)] = 1
    """How many ranks each worker runs: one for each accelerator."""
    resources: StageResources = StageResources()
    """What one worker of each stage is given."""
    template: WorkerTemplate = WorkerTemplate()
    """What else is set of the workers' pods."""
