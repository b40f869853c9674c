"""A proxy in front of the API server, which counts what is written through it and does harm as it is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import aiohttp
from aiohttp import web
from kubernetes import client
from yarl import URL

from cluster.certificates import Authority

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_LINE_BYTES = 1 << 24
_REASONS = {409: "Conflict", 429: "TooManyRequests", 500: "InternalError"}

T = TypeVar("T")


@dataclass
class Refusal:
    """So many requests are answered by the proxy itself, with an error."""

    status: int
    times: int
    method: str = ""
    path: str = ""
    """A regular expression that the path holds."""
    done: int = 0

    def takes(self, method: str, path: str) -> bool:
        fits = self.method in ("", method) and re.search(self.path, path) is not None
        return fits and self.done < self.times


@dataclass
class Death:
    """What happens at a write: the operator is killed before it is forwarded, or after it has been answered."""

    at: int
    after: bool
    kill: Callable[[], None]
    done: bool = False


@dataclass
class Proxy:
    """A TLS server on this machine; one thread runs it. Its methods may be called from any other."""

    upstream: client.Configuration
    folder: Path
    port: int = 0
    writes: list[tuple[str, str, int]] = field(default_factory=list)
    """Verb, path and status of each write, in the order of the answers."""
    refusals: list[Refusal] = field(default_factory=list)
    writing: int = 0
    """Writes that are on their way: what they change may be seen before the operator is killed for them."""
    death: Death | None = None
    delay_seconds: float = 0.0
    """Each answer waits for so long."""

    def __enter__(self) -> Self:
        authority = Authority.create(self.folder / "pki")
        authority.issue("proxy", "/CN=proxy", "IP:127.0.0.1")
        authority.issue("operator", "/CN=operator")
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), name="proxy")
        self._thread.start()
        ready.wait()
        authority.kubeconfig("operator", f"https://127.0.0.1:{self.port}", self.kubeconfig)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    @property
    def kubeconfig(self) -> Path:
        """How a client signs in here."""
        return self.folder / "kubeconfig"

    # -- harm -----------------------------------------------------------------------------------------

    def refuse(self, status: int, times: int, method: str = "", path: str = "") -> Refusal:
        """Answer the next requests of a kind with an error."""
        refusal = Refusal(status, times, method, path)
        self.refusals.append(refusal)
        return refusal

    def kill_at(self, write: int, kill: Callable[[], None], *, after: bool) -> Death:
        """Kill at the n-th write from now, from 1."""
        self.death = Death(len(self.writes) + write, after, kill)
        return self.death

    def cut(self) -> None:
        """Drop all connections."""
        self._call(self._cut())

    def end_watches(self, code: int) -> int:
        """Send an error event down each watch, as the API server does; return how many there were."""
        return self._call(self._end_watches(code))

    def hold(self) -> None:
        """Answer nobody from now on."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def go_on(self) -> None:
        """Answer again."""
        self._loop.call_soon_threadsafe(self._open.set)

    def count(self, method: str, path: str) -> int:
        """Return how often something was written with success."""
        return sum(verb == method and bool(re.search(path, at)) and status < 400 for verb, at, status in self.writes)

    # -- within the thread ----------------------------------------------------------------------------

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _serve(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._over, self._open = asyncio.Event(), asyncio.Event()
        self._open.set()
        self._watches: set[asyncio.Queue[bytes]] = set()
        self._transports: set[asyncio.Transport] = set()
        there = ssl.create_default_context(cafile=self.upstream.ssl_ca_cert)
        there.load_cert_chain(self.upstream.cert_file, self.upstream.key_file)
        connector = aiohttp.TCPConnector(ssl=there, limit=0)
        async with aiohttp.ClientSession(
            connector=connector, auto_decompress=False, read_bufsize=_LINE_BYTES, timeout=aiohttp.ClientTimeout()
        ) as self._session:
            server = web.Server(self._handle)
            here = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            pki = self.folder / "pki"
            here.load_cert_chain(pki / "proxy.crt", pki / "proxy.key")
            listening = await self._loop.create_server(server, "127.0.0.1", self.port, ssl=here)
            self.port = listening.sockets[0].getsockname()[1]
            ready.set()
            await self._over.wait()
            listening.close()
            await self._cut()
            await server.shutdown(timeout=1)
            # Not a polite end of TLS, which would outlive the loop.
            await connector.close(abort_ssl=True)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if isinstance(request.transport, asyncio.Transport):
            self._transports.add(request.transport)
        await self._open.wait()
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        method, path = request.method, request.path
        refusal = next((r for r in self.refusals if r.takes(method, path)), None)
        if refusal is not None:
            refusal.done += 1
            return _refused(refusal.status)
        body = await request.read()
        if method not in WRITES:
            return await self._read(request)
        self.writing += 1
        try:
            return await self._write(request, body)
        finally:
            self.writing -= 1

    async def _write(self, request: web.BaseRequest, body: bytes) -> web.Response:
        death = self.death
        if death is not None and not death.after and not death.done and len(self.writes) + 1 >= death.at:
            death.kill()
            death.done = True
            raise web.HTTPServiceUnavailable
        answer = await self._forward(request, body)
        self.writes.append((request.method, request.path, answer.status))
        if death is not None and death.after and not death.done and len(self.writes) >= death.at:
            death.kill()
            death.done = True
        return answer

    async def _forward(self, request: web.BaseRequest, body: bytes) -> web.Response:
        async with self._ask(request, body) as answer:
            content = await answer.read()
            return web.Response(status=answer.status, body=content, headers=_kept(answer))

    async def _read(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.query.get("watch") != "true":
            return await self._forward(request, b"")
        async with self._ask(request, b"") as answer:
            response = web.StreamResponse(status=answer.status, headers=_kept(answer))
            await response.prepare(request)
            with contextlib.suppress(ConnectionError):  # Whoever watched is gone.
                async for line in self._lines(answer):
                    await response.write(line)
            return response

    async def _lines(self, answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """Yield a watch's events until it ends, or until it is to end with an event of ours."""
        told: asyncio.Queue[bytes] = asyncio.Queue()
        self._watches.add(told)
        asked = asyncio.create_task(told.get())
        heard: asyncio.Task[bytes] | None = None
        try:
            while not asked.done():
                heard = asyncio.create_task(answer.content.readline())
                await asyncio.wait({heard, asked}, return_when=asyncio.FIRST_COMPLETED)
                if heard.done():
                    if not (line := heard.result()):
                        return
                    await self._open.wait()
                    yield line
            yield asked.result()
        finally:
            self._watches.discard(told)
            for task in (asked, heard):
                if task is not None:
                    task.cancel()

    def _ask(self, request: web.BaseRequest, body: bytes) -> Any:
        headers = {name: request.headers[name] for name in ("Accept", "Content-Type") if name in request.headers}
        url = URL(self.upstream.host + request.raw_path, encoded=True)
        return self._session.request(request.method, url, data=body or None, headers=headers)

    async def _cut(self) -> None:
        for transport in self._transports:
            transport.abort()
        self._transports.clear()

    async def _end_watches(self, code: int) -> int:
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": code}
        event = {"type": "ERROR", "object": {**status, "message": "too old resource version"}}
        for watch in self._watches:
            watch.put_nowait(json.dumps(event).encode() + b"\n")
        return len(self._watches)


def _kept(answer: aiohttp.ClientResponse) -> dict[str, str]:
    return {name: answer.headers[name] for name in ("Content-Type", "Content-Encoding") if name in answer.headers}


def _refused(status: int) -> web.Response:
    told = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, "message": "as the test wants"}
    headers = {"Retry-After": "1"} if status == 429 else {}
    return web.json_response({**told, "reason": _REASONS[status]}, status=status, headers=headers)
