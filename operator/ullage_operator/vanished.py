"""Pods that went without being let go: somebody took our finalizer off, and what they held would be held for ever.

While the operator runs, its watch tells of such a pod as it was last; of one that went while no operator ran only the
books know, by a hold that is open. Either way the API server itself is asked before a hold is closed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import aiohttp

from .clock import Clock
from .cluster.api import Api, ApiRefusal
from .cluster.books import ended, hold_of, unseen_end
from .cluster.names import JobKey, JsonObject, key_of_pod, pods_path, uid_of
from .cluster.pull import Puller
from .cluster.reflector import Reflector
from .ledger import ConflictingEntry, Entry, HoldOpened, Ledger, LedgerError, RefusedEntry
from .plan.workers import worker_name
from .posting import Poster

_log = logging.getLogger(__name__)
_REVIEW_SECONDS: Final = 300.0
_RETRY_SECONDS: Final = 5.0


@dataclass
class Vanished:
    """Closes the holds of pods that are gone; see the module."""

    api: Api
    pods: Reflector
    poster: Poster
    puller: Puller
    written: set[tuple[str, bool]] = field(default_factory=set)
    """Pods, by UID, whose hold (false) and whose end (true) are in the books: the reconciler's own."""
    clock: Clock = field(default_factory=Clock)
    closed: Callable[[str], None] = lambda _job_uid: None
    """Told of the job, by UID, whose hold was closed."""
    _left: dict[JobKey, list[tuple[JsonObject, int]]] = field(default_factory=dict)
    """Pods of a job as they were last, and when it was seen, in milliseconds since 1970, that they are gone."""

    def gone(self, item: JsonObject) -> None:
        """Take a pod that the watch, or a new list, tells to be gone."""
        uid = uid_of(item)
        if (uid, True) not in self.written:
            self._left.setdefault(key_of_pod(item), []).append((item, self.clock.now_ms()))
        self.written -= {(uid, False), (uid, True)}

    async def settle(self, key: JobKey) -> float | None:
        """Write the ends of a job's pods that went unwritten; return when to try again where the books were away.

        Raises
        ------
        ApiRefusal
            The API server does not tell whether a pod is there; so do the errors of the connection to it.
        """
        while left := self._left.get(key):
            item, seen_ms = left[0]
            hold = hold_of(item)
            if hold is not None and not await self._is_there(hold):
                entries = [hold, *ended(item, hold, self.puller.last(hold.worker_uid), seen_ms)]
                if not await self._post(hold, entries):
                    return _RETRY_SECONDS
                self.puller.forget(hold.worker_uid)
            left.pop(0)
        self._left.pop(key, None)
        return None

    def waits(self, key: JobKey) -> bool:
        """Tell whether the end of one of a job's pods is not in the books yet."""
        return key in self._left

    async def review(self) -> None:
        """Close each hold that is open in the books and whose pod is gone; the copy of pods must have been made."""
        holds = await self.poster.run(lambda ledger: ledger.open_holds())
        told = {uid_of(item) for left in self._left.values() for item, _ in left}
        known = {uid_of(item) for item in self.pods.values()} | told
        for hold in holds:
            if hold.worker_uid not in known and not await self._is_there(hold):
                await self._post(hold, [unseen_end(hold, self.clock.now_ms())])

    async def run(self) -> None:
        """Review the books when the operator starts, and now and then, until cancelled."""
        await self.pods.synced.wait()
        while True:
            try:
                await self.review()
            except (LedgerError, ApiRefusal, aiohttp.ClientError, OSError, TimeoutError) as error:
                _log.warning("holds of pods that are gone: %s", str(error) or type(error).__name__)
            await asyncio.sleep(_REVIEW_SECONDS)

    async def _is_there(self, hold: HoldOpened) -> bool:
        """Ask the API server itself whether a pod is there: a copy may lack one that is."""
        name = worker_name(hold.context.job, hold.stage, hold.attempt, hold.index)
        try:
            return uid_of(await self.api.get(pods_path(hold.context.namespace, name))) == hold.worker_uid
        except ApiRefusal as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return False

    async def _post(self, hold: HoldOpened, entries: Sequence[Entry]) -> bool:
        """Write a pod's end unless the books have one, which they were told by who let it go; return if they could."""
        try:
            if await self.poster.run(lambda ledger: _close(ledger, entries)):
                _log.warning("%s: pod %s went without being let go", hold.context.job, hold.worker_uid)
                self.closed(hold.context.job_uid)
        except (ConflictingEntry, RefusedEntry) as error:
            # What was written first stands; a person must look at this.
            _log.error("books: %s", error)
        except LedgerError as error:
            _log.warning("books: %s", error)
            return False
        return True


def _close(ledger: Ledger, entries: Sequence[Entry]) -> bool:
    """Post a worker's entries unless its release is posted; return whether that was done."""
    known = any(ledger.find(entry.id) is not None for entry in entries if entry.type == "release")
    if not known:
        ledger.post(entries)
    return not known
