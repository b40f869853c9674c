"""The objects that make a worker: its pod, and a namespace's Service and NetworkPolicy. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ullage_operator.accounts import context_of
from ullage_operator.api.types import TrainingJob, Volume
from ullage_operator.plan import WorkerPlan
from ullage_trainer.config import StageDocument

from .books import billed
from .gang import GangScheduler
from .names import (
    ATTEMPT_LABEL,
    BILLED_ANNOTATION,
    CONTAINER,
    COORDINATOR_PORT,
    DOCUMENT_ANNOTATION,
    FINALIZER,
    INDEX_LABEL,
    JOB_LABEL,
    JOB_UID_LABEL,
    SERVICE,
    STAGE_LABEL,
    STORAGE_ROOT,
    WORKER_LABELS,
    JsonObject,
)

USER: Final = 10001
"""Who workers run as, and who their volumes belong to."""
_DOCUMENT_FOLDER: Final = "/etc/ullage"
_REPORT: Final = "/dev/termination-log"
_ASKED_TIMES: Final = 6
"""How often worker 0 is asked in vain before it is given up."""


@dataclass(frozen=True)
class PodSettings:
    """What the admin sets of all workers' pods."""

    cluster_domain: str = "cluster.local"
    """The cluster's DNS domain."""
    image_pull_policy: str | None = None
    """When images are pulled; null leaves it to the API server."""
    gang: GangScheduler | None = None
    """Who places an attempt's pods all at once; null leaves each to the cluster's own scheduler."""
    silence_seconds: int = 120
    """After how long the kubelet ends a worker 0 that answers nobody; the others of a gang it gives up itself."""


def placed(document: StageDocument, settings: PodSettings) -> StageDocument:
    """Return the document with the name by which worker 0 is found; its dot keeps search domains out."""
    zero = f"{document.job.name}-{document.stage}-{document.attempt}-0"
    host = f"{zero}.{SERVICE}.{document.job.namespace}.svc.{settings.cluster_domain}."
    gang = document.gang.model_copy(update={"coordinator_host": host, "coordinator_port": COORDINATOR_PORT})
    return document.model_copy(update={"gang": gang})


def pod(job: TrainingJob, document: StageDocument, plan: WorkerPlan, key: bytes, settings: PodSettings) -> JsonObject:
    """Return a worker's pod: restricted, never restarted, and owned by its job.

    Parameters
    ----------
    job
        The job; its status holds the image.
    document
        The stage document, from :func:`placed`.
    plan
        Which worker.
    key
        The gang's key.
    settings
        What the admin set.
    """
    template = job.spec.workers.template
    resources = job.spec.workers.resources.of(plan.stage)
    metadata = job.metadata
    environment = [_environment(entry.model_dump(by_alias=True, exclude_none=True)) for entry in template.env]
    volumes, mounts = _volumes(job, template.volumes)
    pull_policy = {"imagePullPolicy": settings.image_pull_policy} if settings.image_pull_policy else {}
    container = {
        "name": CONTAINER,
        "image": job.status.image,
        **pull_policy,
        "command": [
            *("python", "-m", "ullage_trainer"),
            *("--document", f"{_DOCUMENT_FOLDER}/document.json"),
            *("--index", str(plan.index)),
            *("--report", _REPORT),
        ],
        "env": [*environment, {"name": "ULLAGE_GANG_KEY", "value": key.hex()}],
        "resources": {"requests": dict(resources.requests), "limits": dict(resources.limits)},
        "ports": [{"name": "ullage", "containerPort": COORDINATOR_PORT}],
        **(_answering(settings.silence_seconds) if plan.index == 0 else {}),
        "volumeMounts": mounts,
        "terminationMessagePath": _REPORT,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
        },
    }
    spec = {
        "restartPolicy": "Never",
        "hostname": plan.name,
        "subdomain": SERVICE,
        "enableServiceLinks": False,
        "automountServiceAccountToken": template.service_account_name is not None,
        "serviceAccountName": template.service_account_name,
        "imagePullSecrets": [_json(reference) for reference in template.image_pull_secrets],
        "nodeSelector": dict(template.node_selector),
        "tolerations": [_json(toleration) for toleration in template.tolerations],
        "affinity": _json(template.affinity) if template.affinity is not None else None,
        "topologySpreadConstraints": [_json(constraint) for constraint in template.topology_spread_constraints],
        "priorityClassName": template.priority_class_name,
        "terminationGracePeriodSeconds": template.termination_grace_period_seconds,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": volumes,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": plan.name,
            "namespace": metadata.namespace,
            "labels": {
                **WORKER_LABELS,
                "app.kubernetes.io/name": "ullage",
                JOB_LABEL: metadata.name,
                JOB_UID_LABEL: metadata.uid,
                STAGE_LABEL: plan.stage.value,
                ATTEMPT_LABEL: str(plan.attempt),
                INDEX_LABEL: str(plan.index),
            },
            "annotations": {
                DOCUMENT_ANNOTATION: document.model_dump_json(by_alias=True, exclude_none=True),
                BILLED_ANNOTATION: billed(context_of(job), plan),
            },
            "finalizers": [FINALIZER],
            "ownerReferences": [
                {
                    "apiVersion": job.api_version,
                    "kind": job.kind,
                    "name": metadata.name,
                    "uid": metadata.uid,
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": {name: value for name, value in spec.items() if value not in (None, [], {})},
    }


def _answering(silence_seconds: int) -> JsonObject:
    """Have the kubelet ask worker 0's agent, which answers whatever its ranks do, whether it is there."""
    period = max(1, silence_seconds // _ASKED_TIMES)
    probe = {
        "httpGet": {"path": "/v1/report", "port": COORDINATOR_PORT},
        "periodSeconds": period,
        "timeoutSeconds": period,
        "failureThreshold": _ASKED_TIMES,
    }
    return {"livenessProbe": probe}


def service(namespace: str) -> JsonObject:
    """Return a namespace's headless Service: it gives each worker 0 a name, ready or not."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": SERVICE, "namespace": namespace, "labels": _own_labels()},
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {**WORKER_LABELS, INDEX_LABEL: "0"},
            "ports": [{"name": "ullage", "port": COORDINATOR_PORT}],
        },
    }


def network_policy(namespace: str, operator_namespace: str) -> JsonObject:
    """Return a namespace's NetworkPolicy: workers hear from workers, and worker 0's port from the operator."""
    workers = {"matchLabels": dict(WORKER_LABELS)}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": SERVICE, "namespace": namespace, "labels": _own_labels()},
        "spec": {
            "podSelector": workers,
            "policyTypes": ["Ingress"],
            "ingress": [
                {"from": [{"podSelector": workers}]},
                {
                    "from": [
                        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": operator_namespace}}}
                    ],
                    "ports": [{"protocol": "TCP", "port": COORDINATOR_PORT}],
                },
            ],
        },
    }


def _own_labels() -> dict[str, str]:
    return {"app.kubernetes.io/managed-by": "ullage", "app.kubernetes.io/name": "ullage"}


def _json(model: Any) -> JsonObject:
    dumped: JsonObject = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    return dumped


def _environment(entry: JsonObject) -> JsonObject:
    return {"name": entry["name"], **{name: entry[name] for name in ("value", "valueFrom") if name in entry}}


def _volumes(job: TrainingJob, further: list[Volume]) -> tuple[list[JsonObject], list[JsonObject]]:
    claim = job.spec.storage.persistent_volume_claim
    template = job.spec.workers.template
    field = {"fieldRef": {"fieldPath": f"metadata.annotations['{DOCUMENT_ANNOTATION}']"}}
    volumes: list[JsonObject] = [
        {"name": "ullage-document", "downwardAPI": {"items": [{"path": "document.json", **field}]}},
        {"name": "ullage-tmp", "emptyDir": {}},
    ]
    mounts: list[JsonObject] = [
        {"name": "ullage-document", "mountPath": _DOCUMENT_FOLDER, "readOnly": True},
        {"name": "ullage-tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's own
    ]
    if claim is not None:
        volumes.append({"name": "ullage-storage", "persistentVolumeClaim": {"claimName": claim.claim_name}})
        mounts.append({"name": "ullage-storage", "mountPath": STORAGE_ROOT})
    if template.shared_memory is not None:
        volumes.append({"name": "ullage-shm", "emptyDir": {"medium": "Memory", "sizeLimit": template.shared_memory}})
        mounts.append({"name": "ullage-shm", "mountPath": "/dev/shm"})  # noqa: S108 - the pod's own
    for volume in further:
        dumped = _json(volume)
        mount = {"name": dumped.pop("name"), "mountPath": dumped.pop("mountPath"), "readOnly": dumped.pop("readOnly")}
        if "subPath" in dumped:
            mount["subPath"] = dumped.pop("subPath")
        volumes.append({"name": mount["name"], **dumped})
        mounts.append(mount)
    return volumes, mounts
