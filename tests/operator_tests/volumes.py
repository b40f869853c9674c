"""Volumes that are folders of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kubernetes import client

from cluster.components import PAUSE
from local.runs.harness import wait_until
from operator_tests.tenant import CLAIM, Tenant


@contextmanager
def tenant_in(
    core: client.CoreV1Api, namespace: str, storage: Path, kubeconfig: Path, claim_name: str = CLAIM
) -> Iterator[Tenant]:
    """Give a namespace a volume that is a new folder."""
    storage.mkdir()
    storage.chmod(0o777)
    core.create_persistent_volume(volume(namespace, storage, namespace, claim_name))
    core.create_namespaced_persistent_volume_claim(namespace, claim(namespace, claim_name))
    wait_until(lambda: bound(core, namespace, claim_name), "a bound claim")
    yield Tenant(namespace, storage, kubeconfig, core, client.CustomObjectsApi(core.api_client))
    core.delete_persistent_volume(namespace)


def shared(core: client.CoreV1Api, node_name: str, folder: Path) -> bool:
    """Tell whether a node sees a folder of this machine, by a pod that mounts it: its image need not be there."""
    name = f"sees-{folder.name}".lower().replace("_", "-")
    path = {"path": str(folder), "type": "Directory"}
    spec = {
        "nodeName": node_name,
        "terminationGracePeriodSeconds": 0,
        "volumes": [{"name": "folder", "hostPath": path}],
        "containers": [
            {
                "name": "main",
                "image": PAUSE,
                "imagePullPolicy": "Never",
                "volumeMounts": [{"name": "folder", "mountPath": "/folder"}],
            }
        ],
    }
    core.create_namespaced_pod("default", {"metadata": {"name": name}, "spec": spec})
    about = f"involvedObject.name={name},reason=FailedMount"

    def mounted() -> bool:
        statuses = core.read_namespaced_pod(name, "default").status.container_statuses or []
        return any(one.state.waiting is None or one.state.waiting.reason != "ContainerCreating" for one in statuses)

    def refused() -> bool:
        return bool(core.list_namespaced_event("default", field_selector=about).items)

    try:
        wait_until(lambda: mounted() or refused(), f"{folder} to be mounted or not to be found")
        return mounted()
    finally:
        core.delete_namespaced_pod(name, "default")


def bound(core: client.CoreV1Api, namespace: str, claim_name: str) -> bool:
    return bool(core.read_namespaced_persistent_volume_claim(claim_name, namespace).status.phase == "Bound")


def volume(name: str, folder: Path, namespace: str, claim_name: str) -> dict[str, Any]:
    spec = {
        "capacity": {"storage": "10Gi"},
        "accessModes": ["ReadWriteMany", "ReadWriteOnce"],
        "hostPath": {"path": str(folder)},
        "storageClassName": "",
        "claimRef": {"namespace": namespace, "name": claim_name},
    }
    return {"metadata": {"name": name}, "spec": spec}


def claim(volume_name: str, claim_name: str = CLAIM) -> dict[str, Any]:
    spec = {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "",
        "volumeName": volume_name,
        "resources": {"requests": {"storage": "10Gi"}},
    }
    return {"metadata": {"name": claim_name}, "spec": spec}
