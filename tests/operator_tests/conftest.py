from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from cluster import images
from cluster.fixtures import core, kubeconfig, namespace, without
from local.runs.harness import wait_until
from operator_tests.install import CHART, NAMESPACE, RELEASE, VALUES, Operator
from operator_tests.tenant import CLAIM, Tenant

__all__ = ["core", "kubeconfig", "namespace"]


@pytest.fixture(scope="session")
def images_there(kubeconfig: Path) -> None:
    """Both images, built and known to the node."""
    assert kubeconfig.exists()
    without(images.missing(), "the images for the tests of the operator")
    images.build(print)
    images.load(print)


@pytest.fixture(scope="session")
def operator(images_there: None, kubeconfig: Path, core: client.CoreV1Api) -> Iterator[Operator]:
    """The operator, installed by its chart, from its image, under its own service account."""
    assert images_there is None
    folder = Path(tempfile.mkdtemp(prefix="ullage-books-"))
    folder.chmod(0o777)
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    core.create_namespace({"metadata": {"name": NAMESPACE, "labels": labels}})
    core.create_persistent_volume(volume(f"{RELEASE}-books", folder, NAMESPACE, f"{RELEASE}-books"))
    installed = Operator(kubeconfig, core, folder)
    try:
        said = installed.helm("install", RELEASE, str(CHART), "--wait", "--timeout", "120s", values=VALUES)
        assert said.returncode == 0, said.stderr + "".join(str(pod.status) for pod in installed.pods())
        yield installed
    finally:
        installed.helm("uninstall", RELEASE, "--wait")
        core.delete_namespace(NAMESPACE)
        core.delete_persistent_volume(f"{RELEASE}-books")
        shutil.rmtree(folder)


@pytest.fixture
def tenant(
    operator: Operator, kubeconfig: Path, core: client.CoreV1Api, namespace: str, tmp_path: Path
) -> Iterator[Tenant]:
    """A namespace with a volume."""
    assert operator.pods()
    storage = tmp_path / "storage"
    storage.mkdir()
    storage.chmod(0o777)
    core.create_persistent_volume(volume(namespace, storage, namespace, CLAIM))
    core.create_namespaced_persistent_volume_claim(namespace, claim(namespace))
    wait_until(lambda: bound(core, namespace), "a bound claim")
    custom = client.CustomObjectsApi(core.api_client)
    yield Tenant(namespace, storage, kubeconfig, core, custom)
    core.delete_persistent_volume(namespace)


def bound(core: client.CoreV1Api, namespace: str) -> bool:
    return bool(core.read_namespaced_persistent_volume_claim(CLAIM, namespace).status.phase == "Bound")


def volume(name: str, folder: Path, namespace: str, claim_name: str) -> dict[str, Any]:
    spec = {
        "capacity": {"storage": "10Gi"},
        "accessModes": ["ReadWriteMany", "ReadWriteOnce"],
        "hostPath": {"path": str(folder)},
        "storageClassName": "",
        "claimRef": {"namespace": namespace, "name": claim_name},
    }
    return {"metadata": {"name": name}, "spec": spec}


def claim(volume_name: str) -> dict[str, Any]:
    spec = {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "",
        "volumeName": volume_name,
        "resources": {"requests": {"storage": "10Gi"}},
    }
    return {"metadata": {"name": CLAIM}, "spec": spec}
