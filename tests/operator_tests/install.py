"""The chart, installed as an admin does it."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client

from cluster import binaries, images
from cluster.kubectl import kubectl
from cluster.node import ROOT
from local.runs.harness import wait_until
from operator_tests.tenant import Books
from ullage_operator.cluster.names import GROUP

NAMESPACE = "ullage-system"
RELEASE = "ullage"
CHART = ROOT / "helm" / "ullage"
VALUES: dict[str, Any] = {
    "image": dict(zip(("repository", "tag"), images.reference("operator").rsplit(":", 1), strict=True))
    | {"pullPolicy": images.PULL_POLICY},
    "trainer": {"image": images.reference("trainer"), "pullPolicy": images.PULL_POLICY},
    "clusterName": "test",
    "persistence": {"storageClassName": "-"},
    "progressSeconds": 0.5,
    "backoffSeconds": 0.5,
    "accountingSeconds": 4,
    "acceleratorTypes": {"nvidia.com/gpu": "A100"},
    "metrics": {"serviceType": "NodePort"},
}


@dataclass(frozen=True)
class Left:
    """What is left once the chart is uninstalled."""

    running: list[str]
    """Deployments, and rights of the whole cluster."""
    claims: list[str]
    """Claims of volumes."""
    definitions: list[str]
    """Definitions of our kinds."""


@dataclass(frozen=True)
class Operator:
    """The operator, installed."""

    kubeconfig: Path
    core: client.CoreV1Api
    state: Path
    """The folder of its volume, on this machine."""

    @property
    def books(self) -> Books:
        return Books(f"sqlite:///{self.state}/ledger.sqlite3", "test")

    def pods(self) -> list[client.V1Pod]:
        selector = "app.kubernetes.io/component=operator"
        return list(self.core.list_namespaced_pod(NAMESPACE, label_selector=selector).items)

    def log(self) -> str:
        return "\n".join(self.core.read_namespaced_pod_log(pod.metadata.name, NAMESPACE) for pod in self.pods())

    def metrics_address(self) -> str:
        """Return the address and the port of a node at which the metrics are."""
        service = self.core.read_namespaced_service(f"{RELEASE}-metrics", NAMESPACE)
        (node, *_) = self.core.list_node().items
        address = next(each.address for each in node.status.addresses if each.type == "InternalIP")
        return f"{address}:{service.spec.ports[0].node_port}"

    def metrics(self) -> str:
        with urllib.request.urlopen(f"http://{self.metrics_address()}/metrics", timeout=10) as answer:
            text: str = answer.read().decode()
            return text

    def counters(self) -> dict[str, float]:
        """Return the counters of the books, by series."""
        series = [line.rpartition(" ") for line in self.metrics().splitlines() if '_total{institution="' in line]
        return {name: float(value) for name, _, value in series}

    def restart(self) -> None:
        """Delete the operator's pod; return once another is the only one, and the Service leads to it."""
        (pod,) = self.pods()
        self.core.delete_namespaced_pod(pod.metadata.name, NAMESPACE)
        wait_until(lambda: self.answers(pod.metadata.uid), "another operator that answers")

    def answers(self, not_uid: str) -> bool:
        """Tell whether all of the old operator is gone and a new one answers: a node's rules lag behind pods."""
        if [found for found in self.pods() if found.metadata.uid == not_uid or not ready(found)]:
            return False
        try:
            return "ullage_build_info" in self.metrics()
        except OSError:
            return False

    def ullage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command within the operator's pod, as an admin does."""
        inside = ["exec", f"deploy/{RELEASE}-operator", "--", "ullage", *arguments]
        return kubectl(self.kubeconfig, "--namespace", NAMESPACE, *inside)

    def uninstall(self) -> Left:
        """Uninstall the chart; return what is left of it."""
        self.helm("uninstall", RELEASE, "--wait")
        api = self.core.api_client
        labelled = {"label_selector": f"app.kubernetes.io/instance={RELEASE}"}
        workloads = client.AppsV1Api(api).list_namespaced_deployment(NAMESPACE).items
        rights = client.RbacAuthorizationV1Api(api)
        roles = [*rights.list_cluster_role(**labelled).items, *rights.list_cluster_role_binding(**labelled).items]
        claims = self.core.list_namespaced_persistent_volume_claim(NAMESPACE).items
        definitions = client.ApiextensionsV1Api(api).list_custom_resource_definition().items
        return Left(
            running=[item.metadata.name for item in (*workloads, *roles)],
            claims=[item.metadata.name for item in claims],
            definitions=sorted(item.spec.names.plural for item in definitions if item.spec.group == GROUP),
        )

    def helm(self, *arguments: str, values: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
        return helm("--kubeconfig", str(self.kubeconfig), "--namespace", NAMESPACE, *arguments, values=values)


def ready(pod: client.V1Pod) -> bool:
    """Tell whether a pod is ready."""
    return any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions or [])


def helm(*arguments: str, values: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
    program = binaries.tool("helm", lambda line: print(line, file=sys.stderr))
    command = [str(program), *arguments, *(["--values", "-"] if values is not None else [])]
    return subprocess.run(command, capture_output=True, text=True, check=False, input=yaml.safe_dump(values))
