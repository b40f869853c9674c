from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client, config

from cluster import binaries, images
from cluster.fixtures import core, kubeconfig, namespace, own_node, without
from failures.definitions import definitions
from failures.process import OperatorProcess
from failures.proxy import Proxy
from failures.scene import Scene
from failures.witness import Witness
from operator_tests.install import NAMESPACE
from operator_tests.volumes import tenant_in
from ullage_operator.cluster.names import FINALIZER

__all__ = ["core", "kubeconfig", "namespace", "own_node"]


@pytest.fixture(scope="session")
def trainer_image(own_node: Path) -> None:
    """The workers' image, built and known to the node: one of our own, for these tests do harm to it."""
    assert own_node.exists()
    without([*images.missing(), *binaries.without_kubectl()], "the images for the tests of failures")
    if os.environ.get("ULLAGE_TEST_IMAGES_LOADED"):
        return  # By somebody who calls these tests again and again.
    images.provide(print)


@pytest.fixture(scope="module")
def definition(core: client.CoreV1Api) -> Iterator[None]:
    """The definitions of all kinds, and no other operator: each of these tests runs one of its own."""
    assert NAMESPACE not in [found.metadata.name for found in core.list_namespace().items]
    with definitions(core):
        yield


@pytest.fixture
def proxy(kubeconfig: Path, tmp_path: Path) -> Iterator[Proxy]:
    folder = tmp_path / "proxy"
    folder.mkdir()
    with Proxy(configuration(kubeconfig), folder) as running:
        yield running


def configuration(kubeconfig: Path) -> client.Configuration:
    return config.new_client_from_config(str(kubeconfig)).configuration


@pytest.fixture
def scene(
    trainer_image: None,
    definition: None,
    proxy: Proxy,
    kubeconfig: Path,
    core: client.CoreV1Api,
    namespace: str,
    tmp_path: Path,
) -> Iterator[Scene]:
    """A namespace with a volume, an operator behind a proxy, and a witness."""
    assert (trainer_image, definition) == (None, None)
    operator = OperatorProcess(proxy.kubeconfig, tmp_path / "state", tmp_path / "operator.log")
    with (
        tenant_in(core, namespace, tmp_path / "storage", kubeconfig) as tenant,
        Witness(configuration(kubeconfig), namespace) as witness,
    ):
        try:
            yield Scene(tenant, proxy, operator, witness)
        finally:
            operator.kill()
            print(operator.told())
            let_go(core, namespace)


def let_go(core: client.CoreV1Api, namespace: str) -> None:
    """Let pods go that a test which failed has left."""
    for pod in core.list_namespaced_pod(namespace).items:
        if FINALIZER in (pod.metadata.finalizers or []):
            core.patch_namespaced_pod(pod.metadata.name, namespace, {"metadata": {"finalizers": None}})
