"""Starlette's labels, where there is no FastAPI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Host, Mount, Route, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from inflight.routes import Routes
from inflight.types import ASGIApp
from tests.inflight.routes.asking import ask, label_of
from tests.inflight.routes.mounted import bare, hi, sub


class Item(HTTPEndpoint):
    """One endpoint under several templates."""

    async def get(self, _request: Request) -> Response:
        return PlainTextResponse("item")


class Admin:
    """A page that holds the application that it is mounted in."""

    def __init__(self, app: Starlette) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await bare(scope, receive, send)


async def refuse(websocket: WebSocket) -> None:
    await websocket.close()


@pytest.fixture
def app(tmp_path: Path) -> Starlette:
    inner = Router([Route("/", hi), Route("/items/{item}", Item), Route("/items/{item}/parts/", Item)])
    app = Starlette(
        routes=[
            Route("/items/{item:int}", Item),
            Route("/posted", hi, methods=["POST"]),
            WebSocketRoute("/ws/{room}", refuse),
            Mount("/cors", CORSMiddleware(inner, allow_origins=["*"])),
            Mount("/layers", routes=[Mount("/deep", inner)], middleware=[Middleware(CORSMiddleware)]),
            Mount("/api", sub()),
            Mount("/files", StaticFiles(directory=tmp_path)),
        ]
    )
    app.mount("/admin", Admin(app))
    return app


@pytest.mark.parametrize(
    ("path", "request_", "expected"),
    [
        ("/items/1", {}, (200, "/items/{item}")),
        ("/items/1", {"method": "HEAD"}, (200, "/items/{item}")),
        ("/posted", {}, (405, "/posted")),
        ("/ws/x", {"kind": "websocket"}, (403, "/ws/{room}")),
        ("/cors/", {}, (200, "/cors/")),
        ("/cors/items/1", {}, (200, "/cors/items/{item}")),
        ("/cors/items/1/parts", {}, (307, "/cors/items/{item}/parts/")),
        ("/layers/deep/items/1", {}, (200, "/layers/deep/items/{item}")),
        ("/cors/nothing", {}, (404, "unmatched")),
        ("/api/users/7", {}, (200, "/api/users/{id}")),
        ("/api/docs", {}, (200, "/api/docs")),
        ("/files/none", {}, (404, "/files/{path}")),
        ("/none", {}, (404, "unmatched")),
        ("/admin/x", {}, (200, "/admin/{path}")),
    ],
)
@pytest.mark.parametrize("prefix", ["", "/proxy"])
def test_the_label_is_the_whole_template(
    app: ASGIApp, prefix: str, path: str, request_: dict[str, Any], expected: tuple[int, str]
) -> None:
    """Mounts give their prefixes, whatever middleware is around what they mount, and behind a proxy's prefix, too."""
    seen = ask(app, f"{prefix}{path}", root_path=prefix, **request_)
    assert (seen.status, seen.before) == (seen.status, seen.after) == expected


def test_a_hosts_routes_are_those_of_its_paths() -> None:
    """A route that a host name chooses is labelled by its path."""
    app = Starlette(routes=[Host("testserver", Router([Route("/only/{here}", hi)])), Host("bare.example", bare)])
    assert label_of(app, "/only/1") == "/only/{here}"
    assert Routes(app).label({"type": "http", "path": "/x", "headers": [(b"host", b"bare.example")]}) == "/{path}"


def test_a_mount_of_everything_takes_what_no_route_has_in_full() -> None:
    """A mount at the root is {path}, and it has what a route before it has for other methods only, as in Starlette."""
    app = Starlette(routes=[Route("/posted", hi, methods=["POST"]), Mount("/", bare)])
    assert label_of(app, "/any/thing") == "/{path}"
    assert label_of(app, "/posted") == "/{path}"
    assert label_of(app, "/posted", method="POST") == "/posted"


def test_a_router_is_an_application_too() -> None:
    """Starlette's router alone has labels."""
    assert label_of(Router([Route("/one/{name}", hi)]), "/one/x") == "/one/{name}"


def test_the_endpoint_in_the_scope_is_enough() -> None:
    """The usual case looks nothing up but the endpoint: no path is matched again."""
    app = Starlette(routes=[Route("/one/{name}", hi)])
    assert Routes(app).label({"type": "http", "endpoint": hi}) == "/one/{name}"
