"""The API server's objects: versions, finalizers, deletion as Kubernetes does it, and what watches are told."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ullage_operator.cluster.api import ApiRefusal
from ullage_operator.cluster.names import JsonObject
from ullage_operator.plan.instants import rfc3339

PODS, JOBS, OTHERS = "pods", "trainingjobs", "others"
FOREGROUND = "foregroundDeletion"


def copied(item: JsonObject) -> JsonObject:
    """A copy that shares nothing that can be changed."""
    return {name: value if type(value) is str else _copied(value) for name, value in item.items()}


def _copied(value: Any) -> Any:
    # JSON has no cycles: this takes less than copy.deepcopy or pickle.
    if type(value) is dict:
        return {name: inner if type(inner) is str else _copied(inner) for name, inner in value.items()}
    if type(value) is list:
        return [each if type(each) is str else _copied(each) for each in value]
    return value


def not_found(name: str) -> ApiRefusal:
    return ApiRefusal(404, "NotFound", f"{name} not found")


def conflict(name: str) -> ApiRefusal:
    return ApiRefusal(409, "Conflict", f"the object {name} has been modified")


@dataclass
class Change:
    """What a watch is told, and when it happened."""

    version: int
    type: str
    item: JsonObject
    at: float


@dataclass
class Store:
    """All objects, by kind and name, in one namespace."""

    now: Callable[[], float]
    """Seconds since the run's start."""
    start_ms: int
    objects: dict[str, dict[str, JsonObject]] = field(default_factory=lambda: defaultdict(dict))
    history: dict[str, list[Change]] = field(default_factory=lambda: defaultdict(list))
    oldest: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """The version from which on a watch may begin, by kind."""
    listeners: list[Callable[[str, Change, JsonObject | None], None]] = field(default_factory=list)
    """Told of each change, with the object before it."""
    version: int = 0
    made: int = 0
    _deleted_ms: dict[str, int] = field(default_factory=dict)
    _news: dict[str, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))

    # -- reading ----------------------------------------------------------------------------------------

    def get(self, kind: str, name: str) -> JsonObject:
        item = self.objects[kind].get(name)
        if item is None:
            raise not_found(name)
        return copied(item)

    def list(self, kind: str) -> tuple[list[JsonObject], int]:
        return [copied(item) for item in self.objects[kind].values()], self.version

    def find(self, kind: str, uid: str) -> JsonObject | None:
        """The object with a UID, not to be changed."""
        return next((item for item in self.objects[kind].values() if item["metadata"]["uid"] == uid), None)

    async def news(self, kind: str) -> None:
        """Wait for the next change, or for a watch to be disturbed."""
        await self._news[kind].wait()

    def disturb(self, kind: str) -> None:
        """Wake whoever watches."""
        self._news[kind].set()
        self._news[kind] = asyncio.Event()

    def forget_history(self, kind: str) -> None:
        """From now on, watches that begin earlier than now are too old."""
        self.oldest[kind] = self.version

    def stamp(self) -> str:
        return rfc3339(self.now_ms())

    def now_ms(self) -> int:
        return self.start_ms + round(self.now() * 1000)

    # -- writing: what is answered is what is kept, not to be changed -------------------------------------

    def create(self, kind: str, body: JsonObject) -> JsonObject:
        name = body["metadata"]["name"]
        if name in self.objects[kind]:
            raise ApiRefusal(409, "AlreadyExists", f'{kind} "{name}" already exists')
        self.made += 1
        item = copied(body)
        item["metadata"] |= {"uid": f"{kind[:3]}-{self.made:05d}", "creationTimestamp": self.stamp(), "generation": 1}
        if kind == PODS:
            item["status"] = {"phase": "Pending"}
        return self._put(kind, "ADDED", item)

    def change(self, kind: str, name: str, uid: str, change: Callable[[JsonObject], None]) -> JsonObject:
        """Change an object if it is still the one with this UID; nothing is written where nothing changes."""
        before = self.objects[kind].get(name)
        if before is None:
            raise not_found(name)
        if before["metadata"]["uid"] != uid:
            raise conflict(name)
        item = copied(before)
        change(item)
        if item == before:
            return item
        metadata = item["metadata"]
        if "deletionTimestamp" in metadata and not metadata.get("finalizers") and _may_go(metadata):
            return self._remove(kind, item)
        return self._put(kind, "MODIFIED", item)

    def replace_status(self, name: str, body: JsonObject) -> JsonObject:
        """Replace a job's status if the job is what the body says it is."""
        there = self.objects[JOBS].get(name)
        if there is None:
            raise not_found(name)
        if there["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"]:
            raise conflict(name)

        def change(item: JsonObject) -> None:
            item["status"] = copied(body["status"])

        return self.change(JOBS, name, body["metadata"]["uid"], change)

    def delete(self, kind: str, name: str, uid: str | None, grace: int | None = None) -> JsonObject:
        """Delete an object: at once, or when its grace period and its finalizers allow."""
        item = self.get(kind, name)
        if uid is not None and item["metadata"]["uid"] != uid:
            raise conflict(name)
        metadata = item["metadata"]
        if kind == PODS:
            period = item["spec"].get("terminationGracePeriodSeconds", 30) if grace is None else grace
            if not item["spec"].get("nodeName") or item["status"]["phase"] in ("Succeeded", "Failed"):
                period = 0
        else:
            period = 0
        known = metadata.get("deletionGracePeriodSeconds")
        if known is not None and (grace is None or period >= known):
            return item
        began = self._deleted_ms.setdefault(metadata["uid"], self.now_ms())
        metadata["deletionTimestamp"] = rfc3339(began + 1000 * period)
        metadata["deletionGracePeriodSeconds"] = period
        if not metadata.get("finalizers") and period == 0:
            return self._remove(kind, item)
        return self._put(kind, "MODIFIED", item)

    def _put(self, kind: str, type_: str, item: JsonObject) -> JsonObject:
        before = self.objects[kind].get(item["metadata"]["name"])
        self._number(item)
        self.objects[kind][item["metadata"]["name"]] = item
        self._tell(kind, type_, item, before)
        return item

    def _remove(self, kind: str, item: JsonObject) -> JsonObject:
        before = self.objects[kind].pop(item["metadata"]["name"])
        self._number(item)
        self._tell(kind, "DELETED", item, before)
        return item

    def _number(self, item: JsonObject) -> None:
        self.version += 1
        item["metadata"]["resourceVersion"] = str(self.version)

    def _tell(self, kind: str, type_: str, item: JsonObject, before: JsonObject | None) -> None:
        change = Change(self.version, type_, item, self.now())
        self.history[kind].append(change)
        for listener in self.listeners:
            listener(kind, change, before)
        self.disturb(kind)


def _may_go(metadata: dict[str, Any]) -> bool:
    return metadata.get("deletionGracePeriodSeconds") in (None, 0)
