"""What is kept of what the API server tells: a copy of thousands of objects holds only what is read of them. Pure."""

from __future__ import annotations

from typing import Final

from .names import CONTAINER, DOCUMENT_ANNOTATION, JsonObject

_METADATA: Final = ("name", "namespace", "uid", "resourceVersion", "labels", "finalizers", "deletionTimestamp")
_POD_STATUS: Final = ("phase", "reason", "message", "podIP", "conditions")


def pod_kept(pod: JsonObject) -> JsonObject:
    """Return what is read of a worker's pod."""
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status", {})
    annotations = {
        name: text for name, text in (metadata.get("annotations") or {}).items() if name != DOCUMENT_ANNOTATION
    }
    containers = [_some(item, ("name", "image", "resources")) for item in spec["containers"]]
    statuses = [item for item in status.get("containerStatuses") or [] if item["name"] == CONTAINER]
    return {
        "metadata": {**_some(metadata, _METADATA), "annotations": annotations},
        "spec": {**_some(spec, ("nodeName", "schedulingGates")), "containers": containers},
        "status": {
            **_some(status, _POD_STATUS),
            "containerStatuses": [_some(item, ("name", "state")) for item in statuses],
        },
    }


def node_kept(node: JsonObject) -> JsonObject:
    """Return what is read of a node."""
    return {
        "metadata": _some(node["metadata"], (*_METADATA, "creationTimestamp")),
        "status": _some(node.get("status", {}), ("conditions", "allocatable")),
    }


def _some(item: JsonObject, names: tuple[str, ...]) -> JsonObject:
    return {name: item[name] for name in names if name in item}
