"""An upstream for tests of clients: a real HTTP server in a thread, which responds when the test lets it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class Upstream:
    """Where the server is, and what holds its responses back."""

    loop: asyncio.AbstractEventLoop
    let_go: asyncio.Event
    port: int = 0
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    seen: int = 0

    @property
    def name(self) -> str:
        """The label of calls to it."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Its URL: `?delay=` seconds, `?size=` of the body, `?status=`; /held waits for `release`, /cut breaks off."""
        return f"http://{self.name}"

    def release(self) -> None:
        """Let every response go that is held back, and those to come."""
        self.loop.call_soon_threadsafe(self.let_go.set)

    async def respond(self, request: web.Request) -> web.StreamResponse:
        """Respond as the URL says."""
        self.seen += 1
        query = request.query
        await asyncio.sleep(float(query.get("delay", 0)))
        if request.path == "/held":
            await self.let_go.wait()
        if request.path == "/redirect":
            raise web.HTTPFound("/")
        if request.path in ("/begun", "/chunked", "/cut"):
            return await self._begin(request)
        return web.Response(body=b"x" * int(query.get("size", 2)), status=int(query.get("status", 200)))

    async def _begin(self, request: web.Request) -> web.StreamResponse:
        """Send the headers and a part of the body; break off, or send the rest when the test says so."""
        response = web.StreamResponse(headers={} if request.path == "/chunked" else {"content-length": "200"})
        await response.prepare(request)
        await response.write(b"x" * 100)
        if request.path == "/cut":
            assert request.transport is not None
            request.transport.close()
        else:
            await self.let_go.wait()
            await response.write(b"x" * 100)
        return response


@contextmanager
def upstream_server() -> Iterator[Upstream]:
    """Serve until the block is left."""
    started: threading.Event = threading.Event()
    servers: list[Upstream] = []

    async def serve() -> None:
        server = Upstream(asyncio.get_running_loop(), asyncio.Event())
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", server.respond)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.port = runner.addresses[0][1]
        servers.append(server)
        started.set()
        await server.stopped.wait()
        server.let_go.set()
        with suppress(ConnectionError):
            await runner.cleanup()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert started.wait(10)
    try:
        yield servers[0]
    finally:
        servers[0].loop.call_soon_threadsafe(servers[0].stopped.set)
        thread.join(20)
