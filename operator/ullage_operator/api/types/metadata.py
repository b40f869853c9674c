"""``metadata``: what Ullage reads of an object's metadata."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from ullage_trainer.config import Model

from .names import DNS_LABEL, MAX_JOB_NAME_LENGTH, DnsLabel, Timestamp

MetadataKey = Annotated[str, Field(max_length=317)]
"""A qualified name: a domain of at most 253 characters, ``/``, a name of at most 63."""


class ObjectMeta(Model):
    """Standard object metadata. Fields that Ullage does not read are ignored: the API server adds many."""

    model_config = ConfigDict(extra="ignore")

    name: Annotated[str, StringConstraints(pattern=DNS_LABEL, min_length=1, max_length=MAX_JOB_NAME_LENGTH)]
    """The object's name: a DNS label of at most 40 characters, since the names of its pods are built on it."""
    namespace: DnsLabel | None = None
    """The namespace the object is in."""
    uid: Annotated[str, Field(max_length=64)] | None = None
    """The object's UID, given by the API server."""
    generation: Annotated[int, Field(ge=0)] | None = None
    """Counts changes of ``spec``."""
    resource_version: Annotated[str, Field(max_length=64)] | None = None
    """The version of the object that was read."""
    creation_timestamp: Timestamp | None = None
    """When the object was made."""
    deletion_timestamp: Timestamp | None = None
    """When its deletion was asked for."""
    labels: dict[MetadataKey, Annotated[str, Field(max_length=63)]] = Field(default_factory=dict, max_length=1024)
    """Labels."""
    annotations: dict[MetadataKey, Annotated[str, Field(max_length=2**18)]] = Field(
        default_factory=dict, max_length=1024
    )
    """Annotations."""
    finalizers: list[MetadataKey] = Field(default_factory=list, max_length=256)
    """What must happen before the object goes."""
