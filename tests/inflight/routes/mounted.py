"""What people mount: equal templates twice, Starlette, static files, a bare ASGI application, routers in routers."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, WebSocket
from starlette.applications import Starlette
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from inflight.types import Receive, Scope, Send


async def hi(_request: Request) -> Response:
    return PlainTextResponse("hi")


async def bare(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def number(id: int) -> int:  # noqa: A002 - the parameter's public name
    return id


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


async def limit(request: Request, call_next: RequestResponseEndpoint) -> Response:
    if "x-refuse" in request.headers:
        return JSONResponse({"error": "slow down"}, 429)
    return await call_next(request)


def sub() -> FastAPI:
    """Return an application whose templates are those of any other that is made here."""
    api = FastAPI()
    api.add_api_route("/users/{id}", number)
    api.add_api_websocket_route("/live/{room}", socket)
    return api


def mounted(static: Path, root_path: str = "") -> FastAPI:
    """Return the application, made with `root_path` as its own; `static` is the folder of its files."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # FastAPI would rather have it from the server, but people write this
        options: dict[str, Any] = {"root_path": root_path} if root_path else {}
        app = FastAPI(**options)
    (static / "a.js").write_text("1")
    app.mount("/v1", sub())
    app.mount("/v2", sub())
    app.mount("/shop", Starlette(routes=[Route("/cart/{n}", hi), Mount("/deep", routes=[Route("/x", hi)])]))
    app.mount("/tenants/{tenant}", sub())
    app.mount("/static", StaticFiles(directory=static))
    app.mount("/mcp", bare)
    outer, inner = APIRouter(prefix="/a"), APIRouter(prefix="/b")
    inner.add_api_route("/things/{id}", number)
    inner.add_api_route("/things/", number, methods=["POST"])
    inner.add_api_websocket_route("/feed/{name}", socket)
    inner.mount("/docs", bare)
    outer.include_router(inner, prefix="/mid")
    app.include_router(outer, prefix="/api")
    app.include_router(outer, prefix="/again")
    app.add_route("/raw/{p:path}", hi)
    app.middleware("http")(limit)
    app.add_middleware(CORSMiddleware, allow_origins=["http://x"], allow_methods=["*"])
    return app
