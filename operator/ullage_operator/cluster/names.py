"""Names on a cluster: labels, annotations, the finalizer, ports and paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

JsonObject = dict[str, Any]
"""An object of the API server's, as JSON."""
JobKey = tuple[str, str]
"""A job's namespace and name."""

GROUP: Final = "ullage.dev"
PLURAL: Final = "trainingjobs"
VERSION: Final = "v1alpha1"
JOB_LABEL: Final = f"{GROUP}/job"
JOB_UID_LABEL: Final = f"{GROUP}/job-uid"
STAGE_LABEL: Final = f"{GROUP}/stage"
ATTEMPT_LABEL: Final = f"{GROUP}/attempt"
INDEX_LABEL: Final = f"{GROUP}/index"
WORKER_LABELS: Final[Mapping[str, str]] = {
    "app.kubernetes.io/managed-by": "ullage",
    "app.kubernetes.io/component": "worker",
}
"""What every worker's pod has, and nothing else."""
DOCUMENT_ANNOTATION: Final = f"{GROUP}/document"
"""The stage document."""
BILLED_ANNOTATION: Final = f"{GROUP}/billed"
"""What the worker is billed by: its hold, without its UID and start."""
STOPPED_ANNOTATION: Final = f"{GROUP}/stopped"
"""Why we asked the worker to end; a deletion without it is not ours."""
FINALIZER: Final = f"{GROUP}/usage"
"""Keeps a pod until its end is in the books and in the job's status."""
CONTAINER: Final = "trainer"
COORDINATOR_PORT: Final = 29400
SERVICE: Final = "ullage-workers"
"""The headless Service and the NetworkPolicy of a namespace."""
STORAGE_ROOT: Final = "/storage"
MAX_DOCUMENT_BYTES: Final = 200 * 1024
"""All annotations of an object together may have 256 KiB."""


def selector() -> str:
    """Return the label selector of all workers' pods: those that say whose worker they are, and which."""
    ours = [f"{name}={value}" for name, value in WORKER_LABELS.items()]
    return ",".join([*ours, JOB_LABEL, JOB_UID_LABEL, STAGE_LABEL, ATTEMPT_LABEL, INDEX_LABEL])


def labels_of(item: JsonObject) -> dict[str, str]:
    """Return an object's labels."""
    return item["metadata"].get("labels") or {}


def annotations_of(item: JsonObject) -> dict[str, str]:
    """Return an object's annotations."""
    return item["metadata"].get("annotations") or {}


def uid_of(item: JsonObject) -> str:
    """Return an object's UID."""
    return str(item["metadata"]["uid"])


def key_of_job(item: JsonObject) -> JobKey:
    """Return the key of a job."""
    return item["metadata"]["namespace"], item["metadata"]["name"]


def key_of_pod(pod: JsonObject) -> JobKey:
    """Return the key of a pod's job."""
    return pod["metadata"]["namespace"], labels_of(pod).get(JOB_LABEL, "")


def jobs_path(namespace: str | None = None, name: str | None = None, subresource: str = "") -> str:
    """Return the address of jobs, of one job, or of its status."""
    path = f"/apis/{GROUP}/{VERSION}"
    if namespace is not None:
        path += f"/namespaces/{namespace}"
    path += f"/{PLURAL}"
    if name is not None:
        path += f"/{name}"
    return path + (f"/{subresource}" if subresource else "")


def pods_path(namespace: str | None = None, name: str | None = None) -> str:
    """Return the address of pods, or of one pod."""
    path = "/api/v1" + (f"/namespaces/{namespace}" if namespace is not None else "") + "/pods"
    return path + (f"/{name}" if name is not None else "")
