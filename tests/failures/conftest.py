from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config

from cluster import images
from cluster.fixtures import core, kubeconfig, namespace, without
from cluster.node import ROOT
from failures.process import OperatorProcess
from failures.proxy import Proxy
from failures.scene import Scene
from failures.witness import Witness
from local.runs.harness import wait_until
from operator_tests.install import NAMESPACE
from operator_tests.volumes import tenant_in
from ullage_operator.cluster.names import FINALIZER

__all__ = ["core", "kubeconfig", "namespace"]
DEFINITION_NAME = "trainingjobs.ullage.dev"


def definition_bodies() -> dict[str, dict[str, Any]]:
    """Return the definitions of all of our kinds by their names: the operator waits for each of them."""
    bodies = [yaml.safe_load(path.read_text()) for path in (ROOT / "manifests" / "crd").glob("ullage.dev_*.yaml")]
    return {body["metadata"]["name"]: body for body in bodies}


def definition_body() -> dict[str, Any]:
    return definition_bodies()[DEFINITION_NAME]


@pytest.fixture(scope="session")
def trainer_image(kubeconfig: Path) -> None:
    """The workers' image, built and known to the node."""
    assert kubeconfig.exists()
    without(images.missing(), "the images for the tests of failures")
    if os.environ.get("ULLAGE_TEST_IMAGES_LOADED"):
        return  # By somebody who calls these tests again and again.
    images.build(print)
    images.load(print)


@pytest.fixture(scope="module")
def definition(core: client.CoreV1Api) -> Iterator[None]:
    """The definitions of all kinds, and no other operator: each of these tests runs one of its own."""
    assert NAMESPACE not in [found.metadata.name for found in core.list_namespace().items]
    extensions = client.ApiextensionsV1Api(core.api_client)
    bodies = definition_bodies()
    for body in bodies.values():
        extensions.create_custom_resource_definition(body)
    wait_until(lambda: all(established(extensions, name) for name in bodies), "established definitions", 30)
    yield
    for name in bodies:
        extensions.delete_custom_resource_definition(name)
    wait_until(lambda: extensions.list_custom_resource_definition().items == [], "no definition", 60)


def established(extensions: client.ApiextensionsV1Api, name: str) -> bool:
    status = extensions.read_custom_resource_definition(name).status
    return any(c.type == "Established" and c.status == "True" for c in status.conditions or [])


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
