"""FastAPI with aiohttp's client; no telemetry. The two exporters' peers are this program and one line more."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from aiohttp import ClientSession, TCPConnector
from fastapi import FastAPI, Request

BACKEND_URL = os.environ["BACKEND_URL"]


@asynccontextmanager
async def session(app: FastAPI) -> AsyncIterator[None]:
    """Open the client's session for the life of the application."""
    async with ClientSession(connector=TCPConnector(limit=0)) as app.state.session:
        yield


async def relay(request: Request, task: str) -> Any:
    """Ask the backend for the task."""
    async with request.app.state.session.get(f"{BACKEND_URL}/{task}") as answer:
        return {"res": await answer.json()}


def serve(app: FastAPI) -> None:
    """Add the route, behind whatever an exporter has added, and serve with uvicorn at its fastest."""
    app.get("/{task}")(relay)
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


if __name__ == "__main__":
    serve(FastAPI(lifespan=session))
