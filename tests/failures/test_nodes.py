"""The node itself is lost: its object is deleted, or its kubelet says nothing until it is NotReady."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from kubernetes import client

from cluster.components import NODE
from failures.scene import Scene, component
from local.runs.harness import wait_until
from operator_tests.tenant import stage_of

OTHER = "other"
LEASES = "kube-node-lease"
HEARTBEAT_SECONDS = 5
LEAST_GRACE = {"terminationGracePeriodSeconds": 3}
LITTLE_PATIENCE = [
    {"key": f"node.kubernetes.io/{taint}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 10}
    for taint in ("not-ready", "unreachable")
]
"""A node that is Ready again keeps the taint by which pods are evicted for some seconds, and takes new ones already."""


def ready(core: client.CoreV1Api) -> bool:
    """Tell whether the node is there, takes pods, and says so."""
    nodes = [node for node in core.list_node().items if node.metadata.name == NODE]
    return any(c.type == "Ready" and c.status == "True" for node in nodes for c in node.status.conditions or [])


@contextmanager
def node_deleted(core: client.CoreV1Api) -> Iterator[None]:
    """Delete the node's object; at the end, have its kubelet start anew, by which it registers again."""
    core.delete_node(NODE)
    try:
        yield
    finally:
        component("kubelet").kill()
        wait_until(lambda: ready(core), "a node that has registered again", 60)


@contextmanager
def another_node(api: client.ApiClient) -> Iterator[None]:
    """Have a second node that is Ready and takes no pod: where none is, no pod is evicted."""
    core, leases = client.CoreV1Api(api), client.CoordinationV1Api(api)
    over = threading.Event()
    condition = {"type": "Ready", "status": "True", "reason": "Test", "message": "it is only there"}
    core.create_node({"metadata": {"name": OTHER}, "spec": {"unschedulable": True}})
    core.patch_node_status(OTHER, {"status": {"conditions": [condition]}})
    leases.create_namespaced_lease(LEASES, {"metadata": {"name": OTHER}, "spec": lease()})

    def beat() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            leases.patch_namespaced_lease(OTHER, LEASES, {"spec": lease()})

    heart = threading.Thread(target=beat)
    heart.start()
    try:
        yield
    finally:
        over.set()
        heart.join()
        core.delete_node(OTHER)
        leases.delete_namespaced_lease(OTHER, LEASES)


def lease() -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    return {"holderIdentity": OTHER, "leaseDurationSeconds": 40, "renewTime": now}


@contextmanager
def kubelet_halted() -> Iterator[None]:
    kubelet = component("kubelet")
    kubelet.suspend()
    try:
        yield
    finally:
        kubelet.resume()


def test_a_node_that_is_deleted_and_registers_again_at_once_disturbs_no_job(scene: Scene) -> None:
    scene.begin("stays")
    with node_deleted(scene.tenant.core):
        pass
    scene.finish("stays")


def test_the_pods_of_a_node_that_is_deleted_disrupt_a_job_and_fail_it_not(scene: Scene) -> None:
    scene.begin("uprooted", runPolicy={"maxRestarts": 0}, workers={"template": LEAST_GRACE})
    with node_deleted(scene.tenant.core):
        scene.tenant.wait("uprooted", lambda status: stage_of(status)["attempt"] == 2, "a second attempt", 150)
        assert scene.tenant.status("uprooted")["failure"]["reason"] == "Disrupted"
    scene.finish("uprooted", attempt=2)
    assert scene.operator.books.holds("uprooted")["train Succeeded"] == 2


def test_a_node_that_is_not_ready_loses_a_job_s_workers_once_also_if_it_comes_back(scene: Scene) -> None:
    template = LEAST_GRACE | {"tolerations": LITTLE_PATIENCE}
    scene.begin("silenced", runPolicy={"maxRestarts": 0}, workers={"template": template})
    with another_node(scene.tenant.core.api_client), kubelet_halted():
        wait_until(lambda: not ready(scene.tenant.core), "a node that is NotReady", 90)
        scene.tenant.wait("silenced", lambda status: stage_of(status)["attempt"] == 2, "a second attempt", 150)
        assert scene.tenant.status("silenced")["failure"]["reason"] == "Disrupted"
        lost = scene.operator.books.holds("silenced")
    wait_until(lambda: ready(scene.tenant.core), "a node that is Ready again", 90)
    scene.finish("silenced", attempt=2)
    assert scene.operator.books.holds("silenced") == lost | {"train Succeeded": 2}
