"""Whose machine a pod is on, as far as the copy of the cluster's nodes tells when its hold is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .api import Declarations
from .cluster.names import JsonObject, labels_of
from .cluster.reflector import Reflector
from .ledger import HoldOpened
from .standing import on_own_node


@dataclass(frozen=True)
class Owners:
    """Tells whether pods are on their institution's own machines."""

    nodes: Reflector
    kinds: Mapping[str, str]
    """Which accelerator a resource of the cluster is."""
    declarations: Callable[[], Declarations]

    def own_machines(self, pod: JsonObject, hold: HoldOpened) -> bool | None:
        """Return whether a pod's node is its institution's own; null of a node that is not known, or not yet."""
        nodes = self.nodes.of(("", pod["spec"].get("nodeName") or ""))
        if not nodes or hold.accelerator_type is None:
            return None
        institution = self.declarations().institutions_by_id.get(hold.context.institution or "")
        kind = self.kinds.get(hold.accelerator_type, hold.accelerator_type)
        return on_own_node(institution, labels_of(nodes[0]), kind, hold.from_ms)
