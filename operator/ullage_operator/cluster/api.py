"""The way to the API server: JSON in, JSON out, through the client's own connections and credentials."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

import aiohttp
from kubernetes.aio.client import ApiClient
from pydantic_core import from_json

from .names import JsonObject
from .server_clock import ServerClock

MERGE_PATCH: Final = "application/merge-patch+json"
STRATEGIC_PATCH: Final = "application/strategic-merge-patch+json"
_TIMEOUT: Final = aiohttp.ClientTimeout(total=30)
_WATCH_SECONDS: Final = 290
_WATCH_TIMEOUT: Final = aiohttp.ClientTimeout(total=_WATCH_SECONDS + 30, sock_read=100)
"""The server ends a watch. One on which nothing comes for so long is dead: there is a bookmark about once a minute."""
PAGE: Final = 100
"""Objects of a list that are asked for at a time."""


class ApiRefusal(Exception):
    """The API server said no."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message

    @property
    def is_of_another(self) -> bool:
        """Whether the object that was meant, by its UID, is gone; any other conflict passes, a later try succeeds."""
        conflict = self.status == HTTPStatus.CONFLICT
        return self.status == HTTPStatus.NOT_FOUND or (conflict and "UID in precondition" in self.message)


class Api:
    """Requests to one API server, counted by verb and answer."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self.requests: Counter[tuple[str, int]] = Counter()
        self.clock = ServerClock(lambda: time.time_ns() // 1_000_000)

    async def get(self, path: str, query: dict[str, str] | None = None) -> JsonObject:
        """Return an object, or a list of objects."""
        return await self._request("GET", path, query)

    async def pages(self, path: str, query: dict[str, str] | None = None) -> AsyncIterator[JsonObject]:
        """Yield a list page by page: all at once, thousands of objects take many times what is kept of them."""
        asked = (query or {}) | {"limit": str(PAGE)}
        while True:
            page = await self.get(path, asked)
            yield page
            if not (further := page["metadata"].get("continue")):
                return
            asked = asked | {"continue": further}

    async def create(self, path: str, body: JsonObject) -> JsonObject:
        """Create an object and return it."""
        return await self._request("POST", path, None, body)

    async def replace(self, path: str, body: JsonObject) -> JsonObject:
        """Replace an object, if it has not changed since it was read, and return it."""
        return await self._request("PUT", path, None, body)

    async def patch(self, path: str, body: JsonObject, kind: str = MERGE_PATCH) -> JsonObject:
        """Change an object and return it."""
        return await self._request("PATCH", path, None, body, kind)

    async def delete(self, path: str, uid: str) -> JsonObject:
        """Delete an object if it is still the one with this UID."""
        return await self._request("DELETE", path, None, {"preconditions": {"uid": uid}})

    async def delete_all(self, path: str, query: dict[str, str]) -> None:
        """Delete the objects of a collection that a query of selectors finds; there may be none."""
        await self._request("DELETE", path, query)

    async def watch(self, path: str, query: dict[str, str]) -> AsyncIterator[JsonObject]:
        """Yield events until the API server ends the watch, as it does every few minutes.

        Raises
        ------
        ApiRefusal
            The server said no: 410 where the version to start from is too old.
        TimeoutError
            Nothing came for too long, not even a bookmark.
        """
        options = query | {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(_WATCH_SECONDS)}
        async with self._response("GET", path, options, None, "application/json", verb="WATCH") as response:
            async for line in _lines(response.content):
                event: JsonObject = from_json(line)
                if event["type"] == "ERROR":
                    told = event["object"]
                    raise ApiRefusal(int(told.get("code", 500)), told.get("reason", ""), told.get("message", ""))
                yield event

    async def _request(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None,
        body: JsonObject | None = None,
        kind: str = "application/json",
    ) -> JsonObject:
        async with self._response(method, path, query, body, kind, verb=method) as response:
            answer: JsonObject = from_json(await response.read())
            return answer

    @asynccontextmanager
    async def _response(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None,
        body: JsonObject | None,
        kind: str,
        *,
        verb: str,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        # Without the body, which is JSON already: the client would copy it, looking for models.
        method, url, headers, _, _ = await self._client.param_serialize(
            method,
            path,
            query_params=list((query or {}).items()),
            header_params={"Accept": "application/json", "Content-Type": kind},
            auth_settings=["BearerToken"],
        )
        limit = _WATCH_TIMEOUT if verb == "WATCH" else _TIMEOUT
        answer = await self._client.call_api(method, url, headers, body, _request_timeout=limit)
        response: aiohttp.ClientResponse = answer.response
        self.requests[verb, response.status] += 1
        self.clock.hear(response.headers.get("Date"))
        try:
            if response.status >= HTTPStatus.BAD_REQUEST:
                raise _refusal(response.status, await response.read())
            yield response
        finally:
            response.release()


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Yield lines, which may be longer than the reader's own lines: a pod with its document has 200 KiB and more."""
    rest = b""
    async for chunk in content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
    if rest:
        yield rest


def _refusal(status: int, body: bytes) -> ApiRefusal:
    try:
        told = from_json(body)
        return ApiRefusal(status, str(told.get("reason", "")), str(told.get("message", "")))
    except (ValueError, AttributeError):
        return ApiRefusal(status, HTTPStatus(status).phrase, body[:500].decode(errors="replace"))
