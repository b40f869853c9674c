from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client

from cluster import binaries, images
from cluster.fixtures import core, kubeconfig, namespace, node_name, without
from local.runs.harness import wait_until
from operator_tests.declared import Declared
from operator_tests.install import CHART, NAMESPACE, RELEASE, VALUES, Left, Operator
from operator_tests.tenant import Tenant
from operator_tests.volumes import shared, tenant_in, volume
from ullage_operator.cluster.names import GROUP, VERSION
from ullage_operator.cluster.objects import KINDS

__all__ = ["core", "kubeconfig", "namespace", "node_name"]


@pytest.fixture(scope="session")
def images_there(kubeconfig: Path) -> None:
    """Both images, built and known to the nodes."""
    assert kubeconfig.exists()
    without([*images.missing(), *binaries.without_kubectl()], "the images for the tests of the operator")
    images.provide(print)


@pytest.fixture(scope="session")
def operator(
    images_there: None,
    kubeconfig: Path,
    core: client.CoreV1Api,
    node_name: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Operator]:
    """The operator, installed by its chart, from its image, under its own service account."""
    assert images_there is None
    folder = tmp_path_factory.mktemp("books")
    folder.chmod(0o777)
    if not shared(core, node_name, folder):
        pytest.skip(f"node {node_name} does not see the folders of this machine, which the tests' volumes are")
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    core.create_namespace({"metadata": {"name": NAMESPACE, "labels": labels}})
    core.create_persistent_volume(volume(f"{RELEASE}-books", folder, NAMESPACE, f"{RELEASE}-books"))
    installed = Operator(kubeconfig, core, folder)
    try:
        said = installed.helm("install", RELEASE, str(CHART), "--wait", "--timeout", "120s", values=VALUES)
        assert said.returncode == 0, said.stderr + "".join(str(pod.status) for pod in installed.pods())
        yield installed
    finally:
        left = installed.uninstall()
        core.delete_namespace(NAMESPACE)
        core.delete_persistent_volume(f"{RELEASE}-books")
        shutil.rmtree(folder)
    # The books stay, and all that was declared.
    assert left == Left([], [f"{RELEASE}-books"], ["institutions", "investments", "pricelists", "trainingjobs"])


@pytest.fixture
def tenant(
    operator: Operator, kubeconfig: Path, core: client.CoreV1Api, namespace: str, tmp_path: Path
) -> Iterator[Tenant]:
    """A namespace with a volume."""
    assert operator.pods()
    with tenant_in(core, namespace, tmp_path / "storage", kubeconfig) as made:
        yield made


@pytest.fixture
def declared(tenant: Tenant, operator: Operator) -> Iterator[Declared]:
    objects = Declared(tenant.custom)
    yield objects
    for kind, name in reversed(objects.made):
        tenant.custom.delete_cluster_custom_object(GROUP, VERSION, KINDS[kind], name)
    # Until the operator knows, it refuses jobs of institutions that the next test has not declared.
    wait_until(lambda: operator.books.declared() == [], "nothing to be declared any more")


@pytest.fixture
def accelerators(tenant: Tenant, node_name: str) -> None:
    """Eight accelerators that the node says it has."""
    tenant.core.patch_node_status(node_name, {"status": {"capacity": {"nvidia.com/gpu": "8"}}})
