"""An API server that answers as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from kubernetes.aio.client import ApiClient, Configuration

from ullage_operator.cluster.api import Api


def ask(handler: Callable[[web.Request], Awaitable[web.StreamResponse]], work: Callable[[Api], Awaitable[Any]]) -> Any:
    """Do something with an API server that answers every request by a handler."""

    async def scenario() -> Any:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", handler)
        server = TestServer(application, port=unused_port())
        address = Configuration(host=f"http://127.0.0.1:{server.port}")
        async with server, ApiClient(address) as client:
            return await asyncio.wait_for(work(Api(client)), 10)

    return asyncio.run(scenario())
