"""What one life of the operator has of the API server: calls that take time, fail, or are its last."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

import aiohttp

from ullage_operator.cluster.api import MERGE_PATCH, ApiRefusal
from ullage_operator.cluster.names import JsonObject

from .schedule import Event
from .store import JOBS, OTHERS, PODS, Store, conflict, copied

WATCH_SECONDS = 290.0
T = TypeVar("T")


@dataclass
class Weather:
    """What the surroundings of the operator are like at the moment."""

    dice: Random
    in_calls: dict[int, list[Event]]
    """What happens in which call, by the call's number over all lives."""
    lag: float
    calls: int = 0
    writes: list[str] = field(default_factory=list)
    calm: bool = False
    """Nothing goes wrong in calls."""
    ledger_down: bool = False
    quota: bool = False
    lagging: float = 0.0
    skew_ms: int = 0
    disturbances: dict[str, tuple[int, str]] = field(default_factory=dict)
    """How watches of a kind were last disturbed: a number that counts up, and how."""

    def latency(self) -> float:
        return 0.001 + 0.02 * self.dice.random() ** 3

    def watch_lag(self) -> float:
        return self.lagging + self.lag * self.dice.random() ** 4

    def next_call(self) -> list[Event]:
        """Count a call; return what happens in it."""
        if self.calm:
            return []
        self.calls += 1
        return self.in_calls.pop(self.calls, [])

    def put_off(self, events: list[Event]) -> None:
        """Have events happen in the next call."""
        if events:
            self.in_calls.setdefault(self.calls + 1, []).extend(events)


class Client:
    """Implements ``cluster.api.Api`` for one life of the operator."""

    def __init__(self, store: Store, weather: Weather, die: Callable[[float], None]) -> None:
        self._store = store
        self._weather = weather
        self._die = die
        self.dead = False
        self.requests: Counter[tuple[str, int]] = Counter()

    async def get(self, path: str, _query: dict[str, str] | None = None) -> JsonObject:
        kind, name, _ = _split(path)
        if name is not None:
            return await self._call("GET", path, lambda: self._store.get(kind, name))

        def listed() -> JsonObject:
            items, version = self._store.list(kind)
            for item in items:  # Items of a list do not say what they are.
                item.pop("apiVersion")
                item.pop("kind")
            head = {"apiVersion": "ullage.dev/v1alpha1", "kind": "TrainingJobList"} if kind == JOBS else {}
            return {**head, "metadata": {"resourceVersion": str(version)}, "items": items}

        return await self._call("GET", path, listed)

    async def pages(self, path: str, _query: dict[str, str] | None = None) -> AsyncIterator[JsonObject]:
        yield await self.get(path)

    async def create(self, path: str, body: JsonObject) -> JsonObject:
        kind, _, _ = _split(path)
        if path.endswith("/events"):
            return {}  # Written on the way: nothing waits for them, and nothing follows from them.

        def create() -> JsonObject:
            if kind == PODS and self._weather.quota:
                raise ApiRefusal(403, "Forbidden", "exceeded quota: compute, requested: cpu=1, limited: cpu=0")
            return copied(self._store.create(kind, body))

        return await self._call("POST", path, create)

    async def replace(self, path: str, body: JsonObject) -> JsonObject:
        _, name, subresource = _split(path)
        assert (name, subresource) == (body["metadata"]["name"], "status")
        return await self._call("PUT", path, lambda: copied(self._store.replace_status(name, body)))

    async def patch(self, path: str, body: JsonObject, kind: str = MERGE_PATCH) -> JsonObject:
        of, name, _ = _split(path)
        assert name is not None

        def change(item: JsonObject) -> None:
            metadata = body["metadata"]
            gone = metadata.get("$deleteFromPrimitiveList/finalizers", [])
            assert not gone or kind != MERGE_PATCH
            kept = [each for each in item["metadata"].get("finalizers", []) if each not in gone]
            item["metadata"]["finalizers"] = kept
            item["metadata"].setdefault("annotations", {}).update(metadata.get("annotations", {}))

        uid = body["metadata"]["uid"]
        return await self._call("PATCH", path, lambda: copied(self._store.change(of, name, uid, change)))

    async def delete(self, path: str, uid: str) -> JsonObject:
        kind, name, _ = _split(path)
        assert name is not None

        return await self._call("DELETE", path, lambda: copied(self._store.delete(kind, name, uid)))

    async def watch(self, path: str, query: dict[str, str]) -> AsyncIterator[JsonObject]:
        kind, _, _ = _split(path)
        version, store, loop = int(query["resourceVersion"]), self._store, asyncio.get_running_loop()
        if version < store.oldest[kind]:
            raise ApiRefusal(410, "Expired", "too old resource version")
        history = store.history[kind]
        position = next((i for i, change in enumerate(history) if change.version > version), len(history))
        disturbed = self._weather.disturbances.get(kind, (0, ""))[0]
        ends = loop.time() + WATCH_SECONDS
        loop.call_at(ends, store.disturb, kind)
        while True:
            await self._live()
            number, how = self._weather.disturbances.get(kind, (0, ""))
            if number != disturbed:
                if how == "too old":
                    raise ApiRefusal(410, "Expired", "too old resource version")
                raise aiohttp.ClientPayloadError("connection lost")
            if position == len(history):
                if loop.time() >= ends:
                    return
                await store.news(kind)
                continue
            change = history[position]
            position += 1
            due = change.at + self._weather.watch_lag()
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            yield {"type": change.type, "object": copied(change.item)}

    async def _call(self, verb: str, path: str, act: Callable[[], T]) -> T:
        """Take some time, act in the midst of it, and fail where that is to happen."""
        await self._live()
        before, after = self._faults(verb)
        await asyncio.sleep(self._weather.latency())
        await self._meet(before)
        if verb != "GET":
            self._weather.writes.append(f"{verb} {path}")
        answer = act()
        await self._meet(after)
        await asyncio.sleep(self._weather.latency())
        return answer

    def _faults(self, verb: str) -> tuple[list[Event], list[Event]]:
        """Count a call; return what happens before and after it takes effect."""
        events = self._weather.next_call()
        if verb != "PUT":
            # Only what is replaced can have changed meanwhile.
            self._weather.put_off([event for event in events if event.kind == "conflict"])
            events = [event for event in events if event.kind != "conflict"]
        return [event for event in events if not event.applied], [event for event in events if event.applied]

    async def _meet(self, events: list[Event]) -> None:
        """Have happen what happens now; a life that is over waits for ever."""
        for event in events:
            match event.kind:
                case "crash":
                    self._die(event.seconds)
                case "error 500":
                    raise ApiRefusal(500, "InternalError", "etcdserver: request timed out")
                case "timeout":
                    raise TimeoutError
                case "conflict" if not event.applied:
                    raise conflict("it")
        await self._live()

    async def _live(self) -> None:
        """Wait for ever where nobody is there any more who acts, or is told."""
        if self.dead:
            await asyncio.get_running_loop().create_future()


def _split(path: str) -> tuple[str, str | None, str]:
    """Return which kind, which name and which subresource a path is of."""
    parts = path.strip("/").split("/")
    for kind in (PODS, JOBS):
        if kind in parts:
            rest = parts[parts.index(kind) + 1 :]
            return kind, rest[0] if rest else None, rest[1] if len(rest) > 1 else ""
    return OTHERS, None, ""
