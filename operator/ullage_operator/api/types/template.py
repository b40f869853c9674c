"""``spec.workers.template``: what a tenant may set of the workers' pods; host access and privileges are not in it."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from ullage_trainer.config import Model, StoragePath

from .names import DnsLabel, EnvName, MountPath, ObjectName, Quantity
from .scheduling import Affinity, LabelMap, Toleration, TopologySpreadConstraint

RESERVED_MOUNTS: Final = "^/+(tmp|storage|etc/ullage)?/*$"
"""Where every worker has something already (RE2 and Python)."""
SHARED_MEMORY_MOUNT: Final = "^/+dev/shm/*$"


class LocalObjectReference(Model):
    """An object in the job's namespace."""

    name: ObjectName
    """The object's name."""


class SecretKeySelector(Model):
    """A key of a Secret in the job's namespace."""

    name: ObjectName
    """The Secret's name."""
    key: Annotated[str, Field(min_length=1, max_length=253)]
    """The key within it."""
    optional: bool = False
    """Whether the Secret or the key may be missing."""


class EnvVarSource(Model):
    """Where a variable's value comes from."""

    secret_key_ref: SecretKeySelector
    """A key of a Secret."""


class EnvVar(Model):
    """An environment variable: exactly one of ``value`` and ``valueFrom``."""

    name: EnvName
    """The variable's name."""
    value: Annotated[str, Field(max_length=4096)] | None = None
    """Its value."""
    value_from: EnvVarSource | None = None
    """Where its value comes from."""

    @model_validator(mode="after")
    def _one_value(self) -> Self:
        if (self.value is None) == (self.value_from is None):
            found = "neither" if self.value is None else "both"
            raise ValueError(f"expected exactly one of value, valueFrom, found {found}")
        return self


class Medium(StrEnum):
    """What an ``emptyDir`` is made of."""

    DISK = ""
    MEMORY = "Memory"


class EmptyDir(Model):
    """A folder that is empty at first and gone with the pod."""

    medium: Medium = Medium.DISK
    """The node's disk, or ``Memory``."""
    size_limit: Quantity | None = None
    """The most it may hold."""


class ClaimVolume(Model):
    """A PersistentVolumeClaim in the job's namespace."""

    claim_name: ObjectName
    """The claim's name."""


class ConfigMapVolume(Model):
    """A ConfigMap in the job's namespace, one file a key."""

    name: ObjectName
    """The ConfigMap's name."""
    optional: bool = False
    """Whether it may be missing."""


class SecretVolume(Model):
    """A Secret in the job's namespace, one file a key."""

    secret_name: ObjectName
    """The Secret's name."""
    optional: bool = False
    """Whether it may be missing."""


class Volume(Model):
    """A volume and where it is mounted: one of ``emptyDir``, ``persistentVolumeClaim``, ``configMap``, ``secret``."""

    name: DnsLabel
    """The volume's name."""
    mount_path: MountPath
    """Where it is mounted in the container."""
    sub_path: StoragePath | None = None
    """The path within the volume that is mounted; absent means its root."""
    read_only: bool = False
    """Whether it can't be written to."""
    empty_dir: EmptyDir | None = None
    """A folder that is empty at first."""
    persistent_volume_claim: ClaimVolume | None = None
    """A PersistentVolumeClaim."""
    config_map: ConfigMapVolume | None = None
    """A ConfigMap."""
    secret: SecretVolume | None = None
    """A Secret."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        sources = {
            "emptyDir": self.empty_dir,
            "persistentVolumeClaim": self.persistent_volume_claim,
            "configMap": self.config_map,
            "secret": self.secret,
        }
        chosen = [name for name, source in sources.items() if source is not None]
        if len(chosen) != 1:
            raise ValueError(f"expected exactly one of {', '.join(sources)}, found {', '.join(chosen) or 'none'}")
        return self

    @model_validator(mode="after")
    def _not_the_operator_s(self) -> Self:
        problems = []
        if self.name.startswith("ullage-"):
            problems.append(f"expected a name that does not begin with ullage-, found {self.name!r}")
        if re.search(RESERVED_MOUNTS, self.mount_path):
            expected = "a mountPath other than /, /tmp, /storage and /etc/ullage, which every worker has"
            problems.append(f"expected {expected}, found {self.mount_path!r}")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class WorkerTemplate(Model):
    """What a tenant may set of the workers' pods."""

    image_pull_secrets: list[LocalObjectReference] = Field(default_factory=list, max_length=8)
    """Secrets to pull the image with."""
    service_account_name: ObjectName | None = None
    """The service account of the pods; absent means the namespace's default, without a token."""
    env: list[EnvVar] = Field(default_factory=list, max_length=64)
    """Environment variables: values and references to Secrets."""
    volumes: list[Volume] = Field(default_factory=list, max_length=16)
    """Further volumes."""
    node_selector: LabelMap = Field(default_factory=dict)
    """Labels that a node must have."""
    tolerations: list[Toleration] = Field(default_factory=list, max_length=16)
    """Taints that do not keep pods away."""
    affinity: Affinity | None = None
    """Affinity to nodes and pods."""
    topology_spread_constraints: Annotated[list[TopologySpreadConstraint], Field(max_length=8)] = Field(
        default_factory=list
    )
    """How evenly pods are spread."""
    priority_class_name: ObjectName | None = None
    """The priority class."""
    shared_memory: Quantity | None = None
    """The size of ``/dev/shm``; absent means the container runtime's default."""
    termination_grace_period_seconds: Annotated[int, Field(ge=1, le=3600)] = 30
    """Seconds between SIGTERM and SIGKILL: the time to write a checkpoint."""

    @model_validator(mode="after")
    def _each_name_once(self) -> Self:
        named = {"env": [entry.name for entry in self.env], "volumes": [volume.name for volume in self.volumes]}
        problems = [
            f"expected each name in {field} once, found {name!r} twice"
            for field, names in named.items()
            for name in sorted({name for name in names if names.count(name) > 1})
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @model_validator(mode="after")
    def _each_mount_once(self) -> Self:
        mounts = [volume.mount_path for volume in self.volumes]
        problems = [
            f"expected each mountPath in volumes once, found {mount!r} twice"
            for mount in sorted({mount for mount in mounts if mounts.count(mount) > 1})
        ]
        if self.shared_memory is not None and any(re.search(SHARED_MEMORY_MOUNT, mount) for mount in mounts):
            problems.append("expected sharedMemory or a volume at /dev/shm, found both")
        if problems:
            raise ValueError("; ".join(problems))
        return self
