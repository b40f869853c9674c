"""The kinds of text that Kubernetes knows: names, labels, quantities, timestamps."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from ullage_operator.api.quantity import MAX_QUANTITY_LENGTH, QUANTITY_PATTERN, parse_quantity

DNS_LABEL: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
DNS_SUBDOMAIN: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
QUALIFIED_NAME: Final = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"
LABEL_VALUE: Final = r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"
ENV_NAME: Final = r"^[A-Za-z_.-][A-Za-z0-9_.-]*$"
MOUNT_PATH: Final = r"^/[^:\x00]*$"
IMAGE: Final = r"^[^\s]+$"
RFC3339: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$"

MAX_JOB_NAME_LENGTH: Final = 40
"""A pod is called ``<job>-<stage>-<attempt>-<index>``, which must fit a DNS label of 63 characters."""

DnsLabel = Annotated[str, StringConstraints(pattern=DNS_LABEL, min_length=1, max_length=63)]
"""A name as RFC 1123 has labels."""

ObjectName = Annotated[str, StringConstraints(pattern=DNS_SUBDOMAIN, min_length=1, max_length=253)]
"""The name of most Kubernetes objects."""

QualifiedName = Annotated[str, StringConstraints(pattern=QUALIFIED_NAME, min_length=1, max_length=253)]
"""A label's key or a resource's name: an optional domain, ``/``, a name."""

LabelValue = Annotated[str, StringConstraints(pattern=LABEL_VALUE, max_length=63)]
"""A label's value; it may be empty."""

EnvName = Annotated[str, StringConstraints(pattern=ENV_NAME, min_length=1, max_length=128)]
"""The name of an environment variable."""

MountPath = Annotated[str, StringConstraints(pattern=MOUNT_PATH, min_length=1, max_length=512)]
"""Where a volume is mounted in the container: an absolute path without ``:``."""

Image = Annotated[str, StringConstraints(pattern=IMAGE, min_length=1, max_length=512)]
"""A container image's reference."""

Text = Annotated[str, Field(max_length=1024)]
"""A sentence or two for people."""

Timestamp = Annotated[
    str, StringConstraints(pattern=RFC3339, max_length=40), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""An instant in RFC 3339, such as ``2026-11-23T08:00:00Z``."""


def _whole_number_as_text(value: object) -> object:
    """Take ``cpu: 2`` as ``cpu: "2"``, as the API server does. Other numbers it refuses, and so does this type."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _checked(text: str) -> str:
    parse_quantity(text)
    return text


Quantity = Annotated[
    str,
    BeforeValidator(_whole_number_as_text),
    AfterValidator(_checked),
    WithJsonSchema(
        {
            "x-kubernetes-int-or-string": True,
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "minimum": 0,
            "pattern": QUANTITY_PATTERN,
            "maxLength": MAX_QUANTITY_LENGTH,
        }
    ),
]
"""A Kubernetes quantity that is not negative: a text, or a whole number."""
