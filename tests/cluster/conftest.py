from __future__ import annotations

from cluster.fixtures import core, kubeconfig, namespace

__all__ = ["core", "kubeconfig", "namespace"]
