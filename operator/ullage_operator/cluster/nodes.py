"""What nodes can give. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ullage_operator.api.accelerators import is_accelerator
from ullage_operator.api.quantity import bytes_, cpu_millis, parse_quantity
from ullage_operator.ledger import Capacity, Provenance
from ullage_operator.plan.instants import millis

from .names import JobKey, JsonObject

NODES_PATH: Final = "/api/v1/nodes"
_OWN: Final = ("cpu", "memory")


def key_of_node(node: JsonObject) -> JobKey:
    """Return the key by which a node is kept: it belongs to no job."""
    return "", node["metadata"]["name"]


def capacity(nodes: Iterable[JsonObject]) -> dict[str, float]:
    """Return what all ready nodes together can give: cores, bytes of memory, and accelerators by number."""
    total: dict[str, float] = {}
    for node in nodes:
        for resource, quantity in _offered(node):
            total[resource] = total.get(resource, 0.0) + float(parse_quantity(quantity))
    return total


def subject_of_cluster(cluster: str) -> str:
    """Return what states the capacity of a cluster."""
    return f"cluster/{cluster}"


def stated_capacity(
    before: Sequence[Capacity], nodes: Iterable[JsonObject], cluster: str, now_ms: int
) -> list[Capacity]:
    """Return the capacity of a cluster over all time: what was there before, and what its ready nodes offer now.

    What a node no longer offers ends now. What it offers anew is there from now on, and from its creation where
    nothing is known of it yet.

    Parameters
    ----------
    before
        What was stated before.
    nodes
        All nodes.
    cluster
        The cluster's name in the books.
    now_ms
        Now, in milliseconds since 1970.
    """
    offered = {_place(entry): entry for node in nodes for entry in _entries(node, cluster)}
    known = {_place(entry) for entry in before}
    stated: list[Capacity] = []
    for entry in before:
        now = offered.get(_place(entry)) if entry.to_ms is None else None
        if now is not None and now.amount == entry.amount:
            stated.append(entry)
            del offered[_place(entry)]
        else:
            ended = max(now_ms, entry.from_ms)
            stated.append(entry if entry.to_ms is not None else entry.model_copy(update={"to_ms": ended}))
    for place, entry in offered.items():
        stated.append(entry.model_copy(update={"from_ms": now_ms}) if place in known else entry)
    return stated


def _offered(node: JsonObject) -> list[tuple[str, str]]:
    """Return what a node can give, if it is ready."""
    status = node.get("status", {})
    if not any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or []):
        return []
    offered = (status.get("allocatable") or {}).items()
    return [item for item in offered if item[0] in _OWN or is_accelerator(item[0])]


def _entries(node: JsonObject, cluster: str) -> Iterator[Capacity]:
    name = node["metadata"]["name"]
    for resource, quantity in _offered(node):
        amount = cpu_millis(quantity) if resource == "cpu" else bytes_(quantity)
        if resource == "memory":
            amount >>= 20
        if amount:
            own = resource in _OWN
            yield Capacity(
                subject=subject_of_cluster(cluster),
                scope=cluster,
                # A node may have accelerators of several types.
                name=name if own else f"{name}/{resource}",
                resource="cpu" if resource == "cpu" else "memory" if resource == "memory" else "accelerator",
                resource_type=None if own else resource,
                amount=amount,
                from_ms=millis(node["metadata"]["creationTimestamp"]),
                provenance=Provenance.MEASURED,
                source="node status",
            )


def _place(entry: Capacity) -> tuple[str, str]:
    return entry.name, entry.resource
