"""Events: what people read under ``kubectl describe``. Few: what was decided, not what was observed."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import aiohttp

from .api import Api, ApiRefusal
from .names import GROUP, JsonObject

_MAX_NOTE: Final = 1024
_MAX_WAITING: Final = 10_000
_log = logging.getLogger(__name__)


@dataclass
class Recorder:
    """Writes events, one after the other, while jobs go on; one that can't be written is no reason to stop."""

    api: Api
    _waiting: deque[JsonObject] = field(default_factory=lambda: deque(maxlen=_MAX_WAITING))
    _some: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Write what was recorded until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            while self._waiting:
                await self._write(self._waiting.popleft())

    def record(self, item: JsonObject, kind: str, reason: str, note: str) -> None:
        """Record an event of an object; ``kind`` is Normal or Warning. Written later, the newest if too many wait."""
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
        self._waiting.append(body)
        self._some.set()

    async def _write(self, body: JsonObject) -> None:
        regarding = body["regarding"]
        try:
            namespace = body["metadata"]["namespace"]
            await self.api.create(f"/apis/events.k8s.io/v1/namespaces/{namespace}/events", body)
        except (ApiRefusal, aiohttp.ClientError, OSError, TimeoutError) as error:
            _log.warning("event %s of %s: %s", body["reason"], regarding["name"], error)
