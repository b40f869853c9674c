"""Asking workers how far they are: bounded in time and size, at the pod's own address, and never taken for granted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import aiohttp
from pydantic import ValidationError

from ullage_trainer.config import ExitReport

from .names import COORDINATOR_PORT, JsonObject, uid_of

_TIMEOUT: Final = aiohttp.ClientTimeout(total=2.0)
_MAX_BYTES: Final = 16 * 1024
_PATH: Final = "/v1/report"


@dataclass
class Puller:
    """What workers told when they were last asked."""

    session: aiohttp.ClientSession
    interval_seconds: float
    monotonic: Callable[[], float] = time.monotonic
    _asked: dict[str, float] = field(default_factory=dict)
    _told: dict[str, ExitReport] = field(default_factory=dict)

    def last(self, uid: str) -> ExitReport | None:
        """Return a worker's last word; null if none is known."""
        return self._told.get(uid)

    def forget(self, uid: str) -> None:
        """Forget a worker that is gone."""
        self._asked.pop(uid, None)
        self._told.pop(uid, None)

    async def pull(self, pod: JsonObject) -> None:
        """Ask a worker, unless that was done less than an interval ago. No answer changes nothing."""
        uid, address = uid_of(pod), pod.get("status", {}).get("podIP")
        now = self.monotonic()
        if address is None or now < self._asked.get(uid, -self.interval_seconds) + self.interval_seconds:
            return
        self._asked[uid] = now
        host = f"[{address}]" if ":" in address else address
        try:
            async with self.session.get(
                f"http://{host}:{COORDINATOR_PORT}{_PATH}", timeout=_TIMEOUT, allow_redirects=False
            ) as answer:
                body = await answer.content.read(_MAX_BYTES)
            self._told[uid] = ExitReport.model_validate_json(body)
        except (aiohttp.ClientError, OSError, TimeoutError, ValidationError):
            return
