"""Requests to the API server as cheap as they can be: JSON over one pool of connections, nothing in between."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

JsonObject = dict[str, Any]
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
_TIMEOUT = aiohttp.ClientTimeout(total=600)
_LINE_BYTES = 1 << 22
_KINDS = ("ADDED", "MODIFIED", "DELETED")


class Api:
    """A client that signs in with the certificate of one user."""

    def __init__(self, server: str, pki: Path, user: str) -> None:
        context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        context.load_cert_chain(pki / f"{user}.crt", pki / f"{user}.key")
        self._server = server
        self._connector = aiohttp.TCPConnector(ssl=context, limit=0)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            self._server, connector=self._connector, timeout=_TIMEOUT, read_bufsize=_LINE_BYTES
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def send(
        self, method: str, path: str, body: JsonObject | None = None, kind: str = "application/json"
    ) -> JsonObject:
        """Make a request and return the answer; anything but success is an error."""
        answer: JsonObject = json.loads(await self.text(method, path, body, kind))
        return answer

    async def text(
        self, method: str, path: str, body: JsonObject | None = None, kind: str = "application/json"
    ) -> bytes:
        """Make a request and return the answer as it is."""
        data = None if body is None else json.dumps(body).encode()
        async with self._session.request(method, path, data=data, headers={"Content-Type": kind}) as answer:
            read = await answer.read()
            if answer.status >= 400:
                raise RuntimeError(f"{method} {path}: expected success, found {answer.status}: {read[:400].decode()}")
            return read

    async def follow(self, path: str, seen: Callable[[str, JsonObject], None]) -> None:
        """List and watch until cancelled. The API server ends a watch that is slow to read; the next one goes on."""
        sign = "&" if "?" in path else "?"
        while True:
            listed = await self.send("GET", path)
            for item in listed["items"]:
                seen("ADDED", item)
            version = listed["metadata"]["resourceVersion"]
            while version:
                version = await self._watch(f"{path}{sign}watch=true", version, seen)

    async def _watch(self, path: str, version: str, seen: Callable[[str, JsonObject], None]) -> str | None:
        """Watch; return the version to go on from, or null if that is too old."""
        forever = aiohttp.ClientTimeout(total=None)
        async with self._session.get(f"{path}&resourceVersion={version}", timeout=forever) as answer:
            async for line in answer.content:
                event = json.loads(line)
                if event.get("type") not in _KINDS:
                    return None
                version = event["object"]["metadata"]["resourceVersion"]
                seen(event["type"], event["object"])
        return version
