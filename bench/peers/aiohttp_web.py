"""aiohttp.web with aiohttp's client, on uvloop; no telemetry at all."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import uvloop
from aiohttp import ClientSession, TCPConnector, web

BACKEND_URL = os.environ["BACKEND_URL"]
SESSION = web.AppKey("SESSION", ClientSession)


async def session(app: web.Application) -> AsyncIterator[None]:
    """Open the client's session for the life of the application."""
    async with ClientSession(connector=TCPConnector(limit=0)) as app[SESSION]:
        yield


async def relay(request: web.Request) -> web.Response:
    """Ask the backend for the task."""
    async with request.app[SESSION].get(f"{BACKEND_URL}/{request.match_info['task']}") as answer:
        return web.json_response({"res": await answer.json()})


if __name__ == "__main__":
    app = web.Application()
    app.cleanup_ctx.append(session)
    app.router.add_get("/{task}", relay)
    web.run_app(
        app,
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        access_log=None,
        backlog=65535,
        loop=uvloop.new_event_loop(),
        print=None,
    )
