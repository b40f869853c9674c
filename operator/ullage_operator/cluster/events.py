"""Events: what people read under ``kubectl describe``. Few: what was decided, not what was observed."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

import aiohttp

from .api import Api, ApiRefusal
from .names import GROUP, JsonObject

_MAX_NOTE: Final = 1024
_MAX_WAITING: Final = 10_000
_MAX_NAME: Final = 200
"""Characters of an object's name in that of its event, which may have 253."""
_TRIES: Final = 12
"""How often it is tried to write an event, as by Kubernetes' own components."""
_log = logging.getLogger(__name__)


@dataclass
class Recorder:
    """Writes events, one after the other, while jobs go on; one that can't be written is no reason to stop."""

    api: Api
    pause_seconds: float = 10.0
    """How long to wait for an API server that did not answer."""
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
            "metadata": {"name": _name(metadata["name"]), "namespace": namespace},
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
        """Write an event: again where the API server does not answer. Its name is its own, so it is not there twice."""
        path = f"/apis/events.k8s.io/v1/namespaces/{body['metadata']['namespace']}/events"
        for tries in range(1, _TRIES + 1):
            try:
                await self.api.create(path, body)
            except ApiRefusal as error:
                if error.reason == "AlreadyExists":
                    return
                found, final = str(error), not _passes(error)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                found, final = str(error) or type(error).__name__, False
            else:
                return
            if final or tries == _TRIES:
                _log.warning("event %s of %s: %s", body["reason"], body["regarding"]["name"], found)
                return
            await asyncio.sleep(self.pause_seconds)


def _name(of: str) -> str:
    return f"{of[:_MAX_NAME].rstrip('-.')}.{uuid.uuid4().hex}"


def _passes(error: ApiRefusal) -> bool:
    """Tell whether the same request may be taken later."""
    return error.status == HTTPStatus.TOO_MANY_REQUESTS or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
