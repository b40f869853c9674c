from __future__ import annotations

from cluster.fixtures import core, kubeconfig, namespace, node_name, own_node

__all__ = ["core", "kubeconfig", "namespace", "node_name", "own_node"]
