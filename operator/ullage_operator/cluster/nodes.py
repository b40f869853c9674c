"""What nodes can give. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ullage_operator.api.quantity import parse_quantity

from .names import JobKey, JsonObject

NODES_PATH: Final = "/api/v1/nodes"

_LEFT_OUT: Final = ("pods", "ephemeral-storage", "hugepages-", "attachable-volumes-")


def key_of_node(node: JsonObject) -> JobKey:
    """Return the key by which a node is kept: it belongs to no job."""
    return "", node["metadata"]["name"]


def capacity(nodes: Iterable[JsonObject]) -> dict[str, float]:
    """Return what all ready nodes together can give: cores, bytes of memory, and extended resources by number."""
    total: dict[str, float] = {}
    for node in nodes:
        status = node.get("status", {})
        if not any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or []):
            continue
        for resource, quantity in (status.get("allocatable") or {}).items():
            if not resource.startswith(_LEFT_OUT):
                total[resource] = total.get(resource, 0.0) + float(parse_quantity(quantity))
    return total
