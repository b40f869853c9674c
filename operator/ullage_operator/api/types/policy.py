"""``spec.inputs``, ``spec.storage``, ``spec.runPolicy`` and ``spec.accounting``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, field_validator

from ullage_operator.api.problems import refuse, repeated
from ullage_trainer.config import Model, StoragePath

from .names import DnsLabel, ObjectName
from .references import LineReference
from .units import TypeName


class Inputs(Model):
    """What stages that are left out would have made."""

    dataset: StoragePath | None = None
    """A prepared data set, in the place of ``data``."""
    trained: StoragePath | None = None
    """The folder of a trained model, in the place of ``model``; for quantize."""


class PersistentVolumeClaim(Model):
    """A claim in the job's namespace."""

    claim_name: ObjectName
    """The claim's name; it must be ReadWriteMany where workers span nodes."""


class StorageSpec(Model):
    """Where data and artifacts are."""

    persistent_volume_claim: PersistentVolumeClaim | None = None
    """The volume; ``ullage run`` uses a local folder in its place."""
    path: StoragePath = "."
    """The folder within the volume that all relative paths are resolved against."""


class CleanPodPolicy(StrEnum):
    """Which pods go when a job has ended, as in Kubeflow."""

    RUNNING = "Running"
    ALL = "All"
    NONE = "None"


class RunPolicy(Model):
    """How long a job may take, how often it may fail, and what stays of it."""

    suspend: bool = False
    """Holds the job: its workers checkpoint and end, and none start until this is false again."""
    active_deadline_seconds: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """Seconds from the job's start after which it fails; time in which it is suspended does not count."""
    startup_deadline_seconds: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """Seconds within which all workers of an attempt must run, or the attempt fails."""
    stall_timeout_seconds: Annotated[int, Field(ge=1, le=2**31 - 1)] = 600
    """Seconds without progress after which an attempt at training fails and is tried again."""
    ttl_seconds_after_finished: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    """Seconds after its end when the job is deleted; absent means that it stays."""
    max_restarts: Annotated[int, Field(ge=0, le=1000)] = 3
    """How often a stage is tried again after a failure that may end differently. Disruptions do not count."""
    queue: ObjectName | None = None
    """The queue of Kueue or Volcano in which attempts wait, where the operator is set up with one of these."""
    clean_pod_policy: CleanPodPolicy = CleanPodPolicy.RUNNING
    """Which pods go when the job has ended: all, or only those that still run. ``None`` is taken as ``Running`` is:
    a worker of a job that has ended does not go on holding what others wait for."""


class PersonHours(Model):
    """Work of people that a job takes; counted once a job, however often it is tried."""

    role: TypeName
    """Their role, never a name."""
    hours: Annotated[float, Field(ge=0, le=1_000_000)]
    """How many hours of all of them together."""


class Accounting(Model):
    """In whose books the job is. The namespace's institution is authoritative; this only narrows it."""

    institution: DnsLabel | None = None
    """The institution's id."""
    programme: DnsLabel | None = None
    """The programme that the job is for."""
    model_family: DnsLabel | None = None
    """Jobs that work towards the same model share a family."""
    investment: LineReference | None = None
    """The grant to draw on; absent means in kind before money, then the one that ends first, then by name. What runs
    on the institution's own machines draws on none."""
    person_hours: list[PersonHours] = Field(default_factory=list, max_length=16)
    """The work of people that goes into the job, by role, as declared."""

    @field_validator("person_hours")
    @classmethod
    def _each_role_once(cls, person_hours: list[PersonHours]) -> list[PersonHours]:
        refuse(repeated((entry.role for entry in person_hours), "role", "entry"))
        return person_hours
