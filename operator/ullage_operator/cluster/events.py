"""Events: what people read under ``kubectl describe``. Few: what was decided, not what was observed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from .api import Api, ApiRefusal
from .names import GROUP, JsonObject

_MAX_NOTE: Final = 1024
_log = logging.getLogger(__name__)


@dataclass
class Recorder:
    """Writes events; one that can't be written is no reason to stop."""

    api: Api

    async def record(self, item: JsonObject, kind: str, reason: str, note: str) -> None:
        """Write an event of an object; ``kind`` is Normal or Warning."""
        metadata = item["metadata"]
        # What is of the cluster has its events where the API server puts those of nodes.
        namespace = metadata.get("namespace", "default")
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        body = {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"generateName": f"{metadata['name']}-", "namespace": namespace},
            "regarding": {
                "apiVersion": item["apiVersion"],
                "kind": item["kind"],
                **({"namespace": namespace} if "namespace" in metadata else {}),
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
            "eventTime": now,
            "type": kind,
            "reason": reason,
            "note": note[:_MAX_NOTE],
            "action": reason,
            "reportingController": f"{GROUP}/operator",
            "reportingInstance": "ullage-operator",
        }
        try:
            await self.api.create(f"/apis/events.k8s.io/v1/namespaces/{namespace}/events", body)
        except ApiRefusal as error:
            _log.warning("event %s of %s: %s", reason, metadata["name"], error)
