"""The cluster that the tests run on is a real one: pods run, are limited, named, and gone when it ends."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from cluster import node
from cluster.components import ADDRESS, DOMAIN, PAUSE
from local.runs.harness import wait_until
from operator_tests.volumes import shared

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": 10001,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def pod(name: str, **container: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "restartPolicy": "Never",
            "hostname": name,
            "subdomain": "gang",
            "terminationGracePeriodSeconds": 5,
            "containers": [
                {"name": "main", "image": PAUSE, "imagePullPolicy": "Never", "securityContext": RESTRICTED} | container
            ],
        },
    }


def phase(core: client.CoreV1Api, namespace: str, name: str) -> str:
    return str(core.read_namespaced_pod(name, namespace).status.phase)


def addresses_of(name: str) -> list[str]:
    """Ask the cluster's name server for the addresses of a name (RFC 1035, one question, type A)."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split("."))
    question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + labels + b"\x00\x00\x01\x00\x01"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(5)
        asking.sendto(question, (ADDRESS, 53))
        answer = asking.recv(512)
    count, rest = int.from_bytes(answer[6:8], "big"), answer[len(question) :]
    records = []
    while count:
        # Each answer repeats its name: in full, or as a pointer of two bytes.
        at = 0
        while rest[at] and rest[at] < 0xC0:
            at += rest[at] + 1
        at += 2 if rest[at] >= 0xC0 else 1
        length = int.from_bytes(rest[at + 8 : at + 10], "big")
        records.append(socket.inet_ntoa(rest[at + 10 : at + 14]))
        rest, count = rest[at + 10 + length :], count - 1
    return sorted(records)


def test_a_restricted_pod_runs_and_ends_when_it_is_deleted(
    core: client.CoreV1Api, namespace: str, node_name: str
) -> None:
    core.create_namespaced_pod(namespace, pod("one"))
    wait_until(lambda: phase(core, namespace, "one") == "Running", "a pod that runs")
    ran = core.read_namespaced_pod("one", namespace)
    assert (ran.spec.node_name, ran.status.container_statuses[0].ready) == (node_name, True)
    core.delete_namespaced_pod("one", namespace)
    wait_until(lambda: core.list_namespaced_pod(namespace).items == [], "no pod")


def test_a_pod_that_may_do_more_is_refused(core: client.CoreV1Api, namespace: str) -> None:
    with pytest.raises(client.ApiException, match="violates PodSecurity"):
        core.create_namespaced_pod(namespace, pod("root", securityContext={"runAsUser": 0}))


def test_a_pod_that_asks_for_accelerators_waits_until_the_node_has_some(
    core: client.CoreV1Api, namespace: str, node_name: str
) -> None:
    gpu = f"{namespace}.ullage.dev/gpu"
    core.create_namespaced_pod(namespace, pod("greedy", resources={"limits": {gpu: "2"}}))
    wait_until(lambda: f"Insufficient {gpu}" in scheduling(core, namespace, "greedy"), "a pod that must wait")
    core.patch_node_status(node_name, {"status": {"capacity": {gpu: "8"}}})
    wait_until(lambda: phase(core, namespace, "greedy") == "Running", "a pod that runs")


def scheduling(core: client.CoreV1Api, namespace: str, name: str) -> str:
    conditions = core.read_namespaced_pod(name, namespace).status.conditions or []
    return next((c.message or "" for c in conditions if c.type == "PodScheduled"), "")


@pytest.mark.usefixtures("own_node")
def test_a_headless_service_gives_a_pod_a_name(core: client.CoreV1Api, namespace: str) -> None:
    spec = {"clusterIP": "None", "selector": {"app": "zero"}, "publishNotReadyAddresses": True}
    core.create_namespaced_service(namespace, {"metadata": {"name": "gang"}, "spec": spec})
    core.create_namespaced_pod(namespace, pod("zero"))
    wait_until(lambda: phase(core, namespace, "zero") == "Running", "a pod that runs")
    address = core.read_namespaced_pod("zero", namespace).status.pod_ip
    # The Service knows its pod a moment after the pod runs, and the name server the Service's; a name that is asked for
    # too early is denied for some seconds.
    slices = client.DiscoveryV1Api(core.api_client)
    wait_until(lambda: address in endpoints(slices, namespace), "the pod's address in the Service")
    name = f"zero.gang.{namespace}.svc.{DOMAIN}."
    wait_until(lambda: addresses_of(name) == [address], f"{name} to be {address}", 60)


@pytest.mark.usefixtures("own_node")
def test_whether_the_node_sees_a_folder_of_this_machine_is_found_out(
    core: client.CoreV1Api, node_name: str, tmp_path: Path
) -> None:
    assert shared(core, node_name, tmp_path)
    assert not shared(core, node_name, tmp_path / "none")


def endpoints(slices: client.DiscoveryV1Api, namespace: str) -> list[str]:
    found = slices.list_namespaced_endpoint_slice(namespace).items
    return [address for part in found for endpoint in part.endpoints or [] for address in endpoint.addresses]


@pytest.mark.usefixtures("own_node")
def test_the_node_changes_nothing_of_the_machine_it_runs_on() -> None:
    said = subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True).stdout
    assert "cni0" not in said
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    assert "KUBE" not in rules
    assert str(node.FOLDER) not in Path("/proc/self/mounts").read_text()
