"""A plain FastAPI application with one route of each kind; every contender serves this very one.

`UPSTREAM` is the URL that the two client routes call, `ROUTES` how many more routes stand before the measured ones.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import httpx
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from bench.services import controls

UPSTREAM = os.environ.get("UPSTREAM", "")
CHUNKS = 10
clients: dict[str, Any] = {}


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Open both clients, without a limit on their connections."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as clients["aiohttp"],
        httpx.AsyncClient(limits=limits, timeout=90) as clients["httpx"],
    ):
        yield


app = FastAPI(lifespan=lifespan)
for number in range(int(os.environ.get("ROUTES", "0"))):
    app.add_api_route(f"/more/{number}/{{name}}", lambda name: name)
app.include_router(controls.router)


@app.get("/async/{name}")
async def on_the_loop(name: str) -> dict[str, str]:
    """Respond at once."""
    return {"message": name}


@app.get("/def/{name}")
def in_a_thread(name: str) -> dict[str, str]:
    """Respond at once, from a thread of the pool."""
    return {"message": name}


@app.get("/aiohttp/{name}")
async def with_aiohttp(name: str) -> dict[str, Any]:
    """Pass on what the upstream responds, asked with aiohttp."""
    async with clients["aiohttp"].get(f"{UPSTREAM}/{name}") as response:
        return {"res": await response.json()}


@app.get("/httpx/{name}")
async def with_httpx(name: str) -> dict[str, Any]:
    """Pass on what the upstream responds, asked with httpx."""
    response = await clients["httpx"].get(f"{UPSTREAM}/{name}")
    return {"res": response.json()}


@app.get("/stream/{name}")
async def streaming(name: str) -> StreamingResponse:
    """Respond in pieces."""

    async def pieces() -> AsyncIterator[str]:
        for number in range(CHUNKS):
            yield f"{name} {number}\n"

    return StreamingResponse(pieces())
