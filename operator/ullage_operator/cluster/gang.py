"""What a gang scheduler needs to place an attempt's pods all at once or not at all. Pure.

Volcano and the coscheduling plugin want a PodGroup for each attempt, Kueue a name and a count on each pod.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ullage_operator.api.types import TrainingJob
from ullage_operator.plan import WorkerPlan
from ullage_trainer.config import StageDocument

from .names import JOB_UID_LABEL, JsonObject

_SCHEDULERS: Final = {"volcano": "volcano", "coscheduling": "scheduler-plugins-scheduler"}


class GangScheduler(StrEnum):
    """Who places gangs."""

    VOLCANO = "volcano"
    COSCHEDULING = "coscheduling"
    KUEUE = "kueue"


@dataclass(frozen=True)
class PodGroup:
    """An object that has to be there before its pods."""

    path: str
    """Where it is created."""
    body: JsonObject

    @property
    def others(self) -> dict[str, str]:
        """The query that finds the groups of all other attempts of its job."""
        metadata = self.body["metadata"]
        return {
            "labelSelector": f"{JOB_UID_LABEL}={metadata['labels'][JOB_UID_LABEL]}",
            "fieldSelector": f"metadata.name!={metadata['name']}",
        }


def pod_group(
    scheduler: GangScheduler, job: TrainingJob, document: StageDocument, plans: tuple[WorkerPlan, ...]
) -> PodGroup | None:
    """Return the group of an attempt, owned by its job; null where the scheduler needs none."""
    api, further = {
        GangScheduler.VOLCANO: ("scheduling.volcano.sh/v1beta1", _volcano(job)),
        GangScheduler.COSCHEDULING: ("scheduling.x-k8s.io/v1alpha1", {}),
        GangScheduler.KUEUE: ("", {}),
    }[scheduler]
    if not api:
        return None
    owner = {"apiVersion": job.api_version, "kind": job.kind, "name": job.metadata.name, "uid": job.metadata.uid}
    body = {
        "apiVersion": api,
        "kind": "PodGroup",
        "metadata": {
            "name": _name(document),
            "namespace": job.metadata.namespace,
            "labels": {
                "app.kubernetes.io/managed-by": "ullage",
                "app.kubernetes.io/name": "ullage",
                JOB_UID_LABEL: job.metadata.uid,
            },
            "ownerReferences": [owner],
        },
        "spec": {"minMember": len(plans), **further},
    }
    return PodGroup(f"/apis/{api}/namespaces/{job.metadata.namespace}/podgroups", body)


def in_gang(
    scheduler: GangScheduler, pod: JsonObject, job: TrainingJob, document: StageDocument, members: int
) -> JsonObject:
    """Return a pod that belongs to its attempt's gang of so many."""
    body = copy.deepcopy(pod)
    labels, annotations = body["metadata"]["labels"], body["metadata"]["annotations"]
    name, queue = _name(document), job.spec.run_policy.queue
    if scheduler is GangScheduler.VOLCANO:
        annotations["scheduling.k8s.io/group-name"] = name
    elif scheduler is GangScheduler.COSCHEDULING:
        labels["scheduling.x-k8s.io/pod-group"] = name
    elif queue is not None:
        # Kueue leaves pods without a queue alone. What has failed is never made again under its group's name.
        labels |= {"kueue.x-k8s.io/queue-name": queue, "kueue.x-k8s.io/pod-group-name": name}
        annotations |= {
            "kueue.x-k8s.io/pod-group-total-count": str(members),
            "kueue.x-k8s.io/retriable-in-group": "false",
        }
    if scheduler.value in _SCHEDULERS:
        body["spec"]["schedulerName"] = _SCHEDULERS[scheduler.value]
    return body


def _name(document: StageDocument) -> str:
    return f"{document.job.name}-{document.stage}-{document.attempt}"


def _volcano(job: TrainingJob) -> JsonObject:
    template, queue = job.spec.workers.template, job.spec.run_policy.queue
    chosen = {"queue": queue, "priorityClassName": template.priority_class_name}
    return {name: value for name, value in chosen.items() if value is not None}
