"""Asking workers how far they are: bounded in time and size, at the pod's own address, and never taken for granted.

Nobody waits for an answer: a thousand workers that can't be reached would hold up every job, two seconds each.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from zlib import crc32

import aiohttp
from pydantic import ValidationError

from ullage_trainer.config import ExitReport

from .names import COORDINATOR_PORT, JobKey, JsonObject, key_of_pod, uid_of

_TIMEOUT: Final = aiohttp.ClientTimeout(total=2.0)
_MAX_BYTES: Final = 16 * 1024
_PATH: Final = "/v1/report"
_AT_ONCE: Final = 64
_CRC_RANGE: Final = 1 << 32


@dataclass
class Puller:
    """What workers told when they were last asked."""

    session: aiohttp.ClientSession
    interval_seconds: float
    monotonic: Callable[[], float] = time.monotonic
    told: Callable[[JobKey], None] = lambda _: None
    """Called with the job's key when a worker has answered."""
    _asked: dict[str, float] = field(default_factory=dict)
    _told: dict[str, ExitReport] = field(default_factory=dict)
    _asking: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _some: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    def last(self, uid: str) -> ExitReport | None:
        """Return a worker's last word; null if none is known."""
        return self._told.get(uid)

    def forget(self, uid: str) -> None:
        """Forget a worker that is gone."""
        self._asked.pop(uid, None)
        self._told.pop(uid, None)
        if (task := self._asking.pop(uid, None)) is not None:
            task.cancel()

    def close(self) -> None:
        """Ask nobody any more."""
        for task in self._asking.values():
            task.cancel()

    def pull(self, pod: JsonObject) -> None:
        """Ask a worker, unless that was done less than an interval ago. No answer changes nothing.

        The first time is put off by a part of the interval that follows from the UID: a worker that has just been
        started has nothing to tell, and of a thousand that are found running not all are asked at once.
        """
        uid, address = uid_of(pod), pod.get("status", {}).get("podIP")
        now = self.monotonic()
        if address is None or now < self._asked.get(uid, -self.interval_seconds) + self.interval_seconds:
            return
        delay = 0.0 if uid in self._asked else self.interval_seconds * crc32(uid.encode()) / _CRC_RANGE
        self._asked[uid] = now + delay
        task = asyncio.create_task(self._ask(uid, address, key_of_pod(pod), delay))
        self._asking[uid] = task
        task.add_done_callback(lambda done: self._asking.pop(uid, None) if self._asking.get(uid) is done else None)

    async def _ask(self, uid: str, address: str, key: JobKey, delay_seconds: float) -> None:
        await asyncio.sleep(delay_seconds)
        host = f"[{address}]" if ":" in address else address
        try:
            async with (
                self._some,
                self.session.get(
                    f"http://{host}:{COORDINATOR_PORT}{_PATH}", timeout=_TIMEOUT, allow_redirects=False
                ) as answer,
            ):
                body = await answer.content.read(_MAX_BYTES)
            self._told[uid] = ExitReport.model_validate_json(body)
        except (aiohttp.ClientError, OSError, TimeoutError, ValidationError):
            return
        self.told(key)
