"""Fixtures of a cluster, shared by the tests of the cluster itself and of the operator on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from kubernetes import client, config

from cluster import binaries, node
from cluster.lacking import without


@pytest.fixture(scope="session")
def kubeconfig() -> Iterator[Path]:
    """A cluster: the one that ULLAGE_TEST_KUBECONFIG names, one that runs, or one for the time of the tests."""
    named = os.environ.get("ULLAGE_TEST_KUBECONFIG")
    if named:
        yield Path(named)
        return
    if node.running() is not None:
        yield node.KUBECONFIG
        return
    without(binaries.missing(), "no Kubernetes to test on: that of make cluster")
    _cluster("up")
    yield node.KUBECONFIG
    _cluster("down")


def _cluster(command: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(node.ROOT / "tests")}
    subprocess.run([sys.executable, "-m", "cluster", command], check=True, env=environment)


@pytest.fixture(scope="session")
def core(kubeconfig: Path) -> client.CoreV1Api:
    return client.CoreV1Api(config.new_client_from_config(str(kubeconfig)))


@pytest.fixture
def namespace(core: client.CoreV1Api) -> Iterator[str]:
    """A namespace that admits restricted pods only."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    made = core.create_namespace(client.V1Namespace(metadata={"generateName": "test-", "labels": labels}))
    yield made.metadata.name
    try:
        core.delete_namespace(made.metadata.name)
    except client.ApiException as error:
        if error.status != HTTPStatus.NOT_FOUND:  # A test may have deleted it.
            raise
