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

from cluster import node, ways
from cluster.choice import NoneIsPossibleError
from cluster.lacking import without


@pytest.fixture(scope="session")
def kubeconfig() -> Iterator[Path]:
    """A cluster: the one that ULLAGE_TEST_KUBECONFIG names, one that runs, or one for the time of the tests."""
    try:
        way = ways.current()
    except NoneIsPossibleError as error:
        without([", or ".join(error.lacks)], "no Kubernetes to test on: it")
        raise
    if way.runs() or isinstance(way, ways.Named):
        way.up(print)
        yield way.kubeconfig
        return
    _cluster("up")
    yield way.kubeconfig
    _cluster("down")


@pytest.fixture(scope="session")
def own_node(kubeconfig: Path) -> Path:
    """The node that is built from Go modules; what needs it is skipped where the tests run on another cluster."""
    if not isinstance(ways.current(), ways.Own):
        pytest.skip("looks into the node of make cluster's own, and the tests run on another cluster (CONTRIBUTING.md)")
    return kubeconfig


@pytest.fixture(scope="session")
def node_name(core: client.CoreV1Api) -> str:
    """The name of the only node there is."""
    names = [each.metadata.name for each in core.list_node().items]
    if len(names) != 1:
        pytest.skip(f"expects a cluster of one node, found {', '.join(names) or 'none'}")
    return str(names[0])


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
