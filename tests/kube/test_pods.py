"""The pod that a worker is asked for with."""

from __future__ import annotations

import json

import pytest

from kube.builders import IMAGE, made, scripted
from ullage_operator.api import InvalidManifest
from ullage_operator.cluster.check import check
from ullage_operator.cluster.nodes import capacity
from ullage_operator.cluster.pods import network_policy, service


def test_a_pod_holds_its_document_with_the_name_of_worker_0() -> None:
    pod = made(index=1)
    document = json.loads(pod["metadata"]["annotations"]["ullage.dev/document"])
    gang = document["gang"]
    assert (gang["replicas"], gang["coordinatorHost"], gang["coordinatorPort"]) == (
        2,
        "points-train-1-0.ullage-workers.physics.svc.cluster.local.",
        29400,
    )
    assert document["storage"] == {
        "root": "/storage/team",
        "job": "points",
        "output": "points/runs/01234567/train-1",
    }
    assert (pod["metadata"]["name"], pod["spec"]["hostname"], pod["spec"]["subdomain"]) == (
        "points-train-1-1",
        "points-train-1-1",
        "ullage-workers",
    )


def test_worker_0_is_asked_by_the_kubelet_and_asks_the_others_itself() -> None:
    assert made(index=0)["spec"]["containers"][0]["livenessProbe"] == {
        "httpGet": {"path": "/v1/report", "port": 29400},
        "periodSeconds": 20,
        "timeoutSeconds": 20,
        "failureThreshold": 6,
    }
    assert "livenessProbe" not in made(index=1)["spec"]["containers"][0]


def test_a_pod_is_what_the_tenant_s_template_allows() -> None:
    template = {
        "imagePullSecrets": [{"name": "pull"}],
        "serviceAccountName": "trainer",
        "env": [
            {"name": "PLAIN", "value": "1"},
            {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        ],
        "volumes": [{"name": "extra", "mountPath": "/extra", "readOnly": True, "configMap": {"name": "c"}}],
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "priorityClassName": "high",
        "sharedMemory": "1Gi",
        "terminationGracePeriodSeconds": 90,
    }
    spec = made(scripted(workers={"replicas": 1, "template": template}))["spec"]
    container = spec["containers"][0]
    assert container["image"] == IMAGE
    assert container["env"] == [
        {"name": "PLAIN", "value": "1"},
        {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": False}}},
        {"name": "ULLAGE_GANG_KEY", "value": b"key".hex()},
    ]
    assert {volume["name"]: {k: v for k, v in volume.items() if k != "name"} for volume in spec["volumes"][1:]} == {
        "ullage-tmp": {"emptyDir": {}},
        "ullage-storage": {"persistentVolumeClaim": {"claimName": "data"}},
        "ullage-shm": {"emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
        "extra": {"configMap": {"name": "c", "optional": False}},
    }
    assert [(mount["mountPath"], mount.get("readOnly", False)) for mount in container["volumeMounts"]] == [
        ("/etc/ullage", True),
        ("/tmp", False),  # noqa: S108
        ("/storage", False),
        ("/dev/shm", False),  # noqa: S108
        ("/extra", True),
    ]
    assert {
        name: spec[name]
        for name in (
            "serviceAccountName",
            "automountServiceAccountToken",
            "imagePullSecrets",
            "nodeSelector",
            "tolerations",
            "priorityClassName",
            "terminationGracePeriodSeconds",
        )
    } == {
        "serviceAccountName": "trainer",
        "automountServiceAccountToken": True,
        "imagePullSecrets": [{"name": "pull"}],
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "priorityClassName": "high",
        "terminationGracePeriodSeconds": 90,
    }


def test_the_service_of_a_namespace_selects_every_worker_0_and_the_policy_lets_workers_hear_workers() -> None:
    workers = {"app.kubernetes.io/managed-by": "ullage", "app.kubernetes.io/component": "worker"}
    assert service("physics")["spec"] == {
        "clusterIP": "None",
        "publishNotReadyAddresses": True,
        "selector": {**workers, "ullage.dev/index": "0"},
        "ports": [{"name": "ullage", "port": 29400}],
    }
    operator = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ullage-system"}}}
    assert network_policy("physics", "ullage-system")["spec"] == {
        "podSelector": {"matchLabels": workers},
        "policyTypes": ["Ingress"],
        "ingress": [
            {"from": [{"podSelector": {"matchLabels": workers}}]},
            {"from": [operator], "ports": [{"protocol": "TCP", "port": 29400}]},
        ],
    }


def test_all_that_a_job_lacks_on_a_cluster_is_told_at_once() -> None:
    job = scripted(storage={})
    bare = job.model_copy(update={"status": job.status.model_copy(update={"image": None})})
    with pytest.raises(InvalidManifest) as told:
        check(bare, None)
    assert str(told.value) == (
        "physics/points: 2 problems\n"
        "  spec.storage.persistentVolumeClaim: expected a claim for data and artifacts, found none; name a "
        "PersistentVolumeClaim of this namespace in spec.storage.persistentVolumeClaim.claimName\n"
        "  spec.image: expected an image, since the operator is set up without one, found none"
    )
    check(scripted(), None)


def test_capacity_is_that_of_nodes_that_are_ready() -> None:
    def node(ready: str, **allocatable: str) -> dict[str, object]:
        status = {"conditions": [{"type": "Ready", "status": ready}], "allocatable": allocatable}
        return {"status": status}

    nodes = [
        node("True", cpu="3500m", memory="8Gi", pods="110", **{"nvidia.com/gpu": "4"}),
        node("True", cpu="2", memory="1Gi"),
        node("False", cpu="64", memory="1Ti"),
    ]
    assert capacity(nodes) == {"cpu": 5.5, "memory": float(9 << 30), "nvidia.com/gpu": 4.0}
