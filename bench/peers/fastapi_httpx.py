"""FastAPI with httpx's client; no telemetry."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, Request

BACKEND_URL = os.environ["BACKEND_URL"]
NO_LIMIT = httpx.Limits(max_connections=None, max_keepalive_connections=None)


@asynccontextmanager
async def client(app: FastAPI) -> AsyncIterator[None]:
    """Open the client for the life of the application."""
    async with httpx.AsyncClient(limits=NO_LIMIT, timeout=90) as app.state.client:
        yield


app = FastAPI(lifespan=client)


@app.get("/{task}")
async def relay(request: Request, task: str) -> Any:
    """Ask the backend for the task."""
    answer = await request.app.state.client.get(f"{BACKEND_URL}/{task}")
    return {"res": answer.json()}


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(os.environ["PORT"]),
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_level="warning",
        backlog=65535,
    )
