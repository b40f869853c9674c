"""What the API server has of one kind, kept up to date by list and watch; a new list replaces what was known."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict, deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import aiohttp

from .api import Api, ApiRefusal
from .names import JobKey, JsonObject, uid_of

_log = logging.getLogger(__name__)
_PAUSE_SECONDS: Final = 1.0
_REMEMBERED: Final = 10_000


class Reflector:
    """A copy of the objects at a path, by the job that they belong to.

    Parameters
    ----------
    api
        The API server.
    path, selector
        Which objects.
    key_of
        Tells which job an object belongs to.
    changed
        Called with the job's key when one of its objects has changed.
    monotonic
        Seconds since some moment.
    keep
        Returns what is kept of an object; all of it unless given.
    gone
        Called, before ``changed``, with an object that is gone, as it was last known.
    """

    def __init__(
        self,
        api: Api,
        path: str,
        selector: str,
        key_of: Callable[[JsonObject], JobKey],
        changed: Callable[[JobKey], None],
        monotonic: Callable[[], float] = time.monotonic,
        *,
        keep: Callable[[JsonObject], JsonObject] = lambda item: item,
        gone: Callable[[JsonObject], None] = lambda _: None,
    ) -> None:
        self._api = api
        self._path = path
        self._query = {"labelSelector": selector} if selector else {}
        self._key_of = key_of
        self._changed = changed
        self._monotonic = monotonic
        self._keep = keep
        self._gone = gone
        self._objects: dict[JobKey, dict[str, JsonObject]] = defaultdict(dict)
        self._deleted: deque[str] = deque(maxlen=_REMEMBERED)
        self._listed = 0
        self._contact = self._monotonic()
        self.synced = asyncio.Event()

    @property
    def age_seconds(self) -> float:
        """How long ago the API server last told something, if only that nothing is new, as it does once a minute."""
        return self._monotonic() - self._contact

    def of(self, key: JobKey) -> list[JsonObject]:
        """Return a job's objects."""
        return list(self._objects.get(key, {}).values())

    def keys(self) -> list[JobKey]:
        """Return the jobs that have objects."""
        return [key for key, items in self._objects.items() if items]

    def values(self) -> list[JsonObject]:
        """Return all objects; may be called by any thread."""
        return [item for items in list(self._objects.values()) for item in list(items.values())]

    def put(self, item: JsonObject) -> None:
        """Take an object that the API server has just answered with: the watch may tell of it only later."""
        # Of one that the newest list had no more, the watch will never tell again that it is gone.
        unlisted = version_of(item) <= self._listed and uid_of(item) not in self._objects.get(self._key_of(item), {})
        if uid_of(item) not in self._deleted and not unlisted:
            self._store(item)

    async def run(self) -> None:
        """Keep the copy up to date until cancelled."""
        while True:
            try:
                version = await self._list()
                while True:
                    version = await self._watch(version)
            except ApiRefusal as error:
                if error.status != HTTPStatus.GONE:
                    _log.warning("watching %s: %s", self._path, error)
                    await asyncio.sleep(_PAUSE_SECONDS)
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                _log.warning("watching %s: %s", self._path, str(error) or type(error).__name__)
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _list(self) -> str:
        there: dict[JobKey, dict[str, JsonObject]] = defaultdict(dict)
        version = ""
        async for page in self._api.pages(self._path, self._query):
            for item in page["items"]:
                there[self._key_of(item)][uid_of(item)] = self._keep(item)
            version = str(page["metadata"]["resourceVersion"])
        before, self._objects, self._listed = self._objects, there, int(version)
        for item in (item for items in before.values() for item in items.values()):
            # What we made while the list was on its way is not in it; the watch will tell of it, and of its end.
            if version_of(item) > int(version):
                self._store(item)
            elif uid_of(item) not in there.get(self._key_of(item), {}):
                self._gone(item)
        self._contact = self._monotonic()
        self.synced.set()
        for key in before.keys() | self._objects.keys():
            self._changed(key)
        return version

    async def _watch(self, version: str) -> str:
        async for event in self._api.watch(self._path, self._query | {"resourceVersion": version}):
            self._contact = self._monotonic()
            item = event["object"]
            version = item["metadata"]["resourceVersion"]
            if event["type"] == "BOOKMARK":
                continue
            key = self._key_of(item)
            if event["type"] == "DELETED":
                self._deleted.append(uid_of(item))
                self._objects[key].pop(uid_of(item), None)
                if not self._objects[key]:
                    del self._objects[key]
                self._gone(self._keep(item))
            else:
                self._store(item)
            self._changed(key)
        return version

    def _store(self, item: JsonObject) -> None:
        items = self._objects[self._key_of(item)]
        known = items.get(uid_of(item))
        if known is None or version_of(item) >= version_of(known):
            items[uid_of(item)] = self._keep(item)


def version_of(item: JsonObject) -> int:
    """Return an object's version, which counts up."""
    return int(item["metadata"]["resourceVersion"])
