"""What is created: the same work as TrainingJobs, as bare pods, and as Indexed Jobs."""

from __future__ import annotations

import copy
from typing import Any

from bench.scale.api import JsonObject
from ullage_operator.api import parse
from ullage_operator.cluster.pods import PodSettings, placed, pod
from ullage_operator.plan import worker_plans
from ullage_operator.plan.documents import stage_document
from ullage_trainer.config import Stage

NAMESPACE = "bench"
CLAIM = "data"
IMAGE = "bench/trainer:1"
LABEL = "ullage.dev/index"
"""What the pods of every side have."""
_REQUESTS = {"cpu": "100m", "memory": "64Mi"}


def training_job(name: str, workers: int) -> JsonObject:
    """Return a job that trains by a script: one stage, whose gang are all workers."""
    return {
        "apiVersion": "ullage.dev/v1alpha1",
        "kind": "TrainingJob",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "image": IMAGE,
            "script": {"path": "code/train.py"},
            "workers": {"replicas": workers, "resources": {"train": {"requests": _REQUESTS}}},
            "storage": {"persistentVolumeClaim": {"claimName": CLAIM}},
        },
    }


def pods(job: JsonObject) -> list[JsonObject]:
    """Return the pods that the operator would create for a job, as the API server has it."""
    known = parse({**job, "status": {"image": IMAGE}}, source=job["metadata"]["name"])
    settings = PodSettings()
    document = placed(stage_document(known, Stage.TRAIN, 1, {}, "/storage"), settings)
    return [pod(known, document, plan, bytes(32), settings) for plan in worker_plans(known, Stage.TRAIN, 1)]


def service(name: str) -> JsonObject:
    """Return the headless Service of an Indexed Job."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"clusterIP": "None", "publishNotReadyAddresses": True, "selector": {"job-name": name}},
    }


def indexed_job(name: str, workers: int, template: JsonObject) -> JsonObject:
    """Return the Indexed Job of the same pods, from one of them; nothing keeps them once they have ended."""
    metadata: dict[str, Any] = {key: template["metadata"][key] for key in ("labels", "annotations")}
    spec = copy.deepcopy(template["spec"])
    del spec["hostname"]
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "completions": workers,
            "parallelism": workers,
            "completionMode": "Indexed",
            "backoffLimit": 0,
            "template": {"metadata": metadata, "spec": {**spec, "subdomain": name}},
        },
    }


def status(phase: str, message: str, ready: int) -> JsonObject:
    """Return a status as long as one of the operator's."""
    conditions = [
        {
            "type": kind,
            "status": "True",
            "reason": phase,
            "message": message,
            "lastTransitionTime": "2026-11-24T08:00:00Z",
            "observedGeneration": 1,
        }
        for kind in ("Accepted", "Running")
    ]
    stage = {
        "name": "train",
        "state": {"Pending": "Creating"}.get(phase, phase),
        "attempt": 1,
        "workersReady": ready,
        "startTime": "2026-11-24T08:00:00Z",
        "attemptTime": "2026-11-24T08:00:00Z",
    }
    return {
        "phase": "Running" if phase == "Pending" else phase,
        "stage": "train",
        "message": message,
        "image": IMAGE,
        "startTime": "2026-11-24T08:00:00Z",
        "observedGeneration": 1,
        "stages": [stage],
        "conditions": conditions,
    }


def volume() -> JsonObject:
    """Return the volume that all workers mount."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": CLAIM},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteMany"],
            "hostPath": {"path": "/nowhere"},
            "storageClassName": "",
            "claimRef": {"namespace": NAMESPACE, "name": CLAIM},
        },
    }


def claim() -> JsonObject:
    """Return the claim to it."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": CLAIM, "namespace": NAMESPACE},
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "storageClassName": "",
            "volumeName": CLAIM,
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


def node(name: str) -> JsonObject:
    """Return a node that is only told of."""
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}}}
