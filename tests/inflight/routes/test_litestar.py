"""Litestar's labels."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from litestar import Litestar, Router, WebSocket, asgi, get, post, websocket
from litestar.config.cors import CORSConfig
from litestar.connection import ASGIConnection
from litestar.exceptions import TooManyRequestsException
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath
from litestar.static_files import create_static_files_router
from litestar.types import Receive as LitestarReceive
from litestar.types import Scope as LitestarScope
from litestar.types import Send as LitestarSend

from inflight.routes import Routes
from inflight.types import ASGIApp
from tests.inflight.routes.asking import Seen, ask, label_of, scope_of
from tests.inflight.routes.mounted import bare


def guard(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    if "x-refuse" in connection.headers:
        raise TooManyRequestsException


@get("/users/{id:int}", sync_to_thread=False)
def user(id: FromPath[int]) -> int:  # noqa: A002 - the parameter's public name
    return id


@get("/users/me", sync_to_thread=False)
def me() -> str:
    return "me"


@get(["/one", "/two/{n:str}"], sync_to_thread=False)
def several() -> str:
    return "several"


@post("/posted", sync_to_thread=False)
def posted() -> None:
    return None


@get("/rest/{rest:path}", sync_to_thread=False)
def rest(rest: FromPath[str]) -> str:
    return rest


@get("/price/{price:decimal}", sync_to_thread=False)
def priced(price: FromPath[Decimal]) -> str:
    return str(price)


@websocket("/ws/{room:str}")
async def room(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    await socket.close()


@asgi("/mount", is_mount=True, copy_scope=False)
async def mount(scope: LitestarScope, receive: LitestarReceive, send: LitestarSend) -> None:
    await bare(cast("Any", scope), cast("Any", receive), cast("Any", send))


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Litestar:
    static: Path = tmp_path_factory.mktemp("static")
    (static / "a.js").write_text("1")
    return Litestar(
        [
            Router("/api", route_handlers=[Router("/v1", route_handlers=[user, me])]),
            *(several, posted, rest, room, priced),
            mount,
            create_static_files_router("/static", [static]),
        ],
        guards=[guard],
        cors_config=CORSConfig(allow_origins=["http://x"]),
        openapi_config=None,
    )


@pytest.mark.parametrize(
    ("path", "request_", "expected"),
    [
        ("/api/v1/users/7", {}, (200, "/api/v1/users/{id}")),
        ("/api/v1/users/7/", {}, (200, "/api/v1/users/{id}")),
        ("/api/v1/users/me", {}, (200, "/api/v1/users/me")),
        ("/api/v1/users/no-number", {}, (404, "unmatched")),
        ("/api/v1/users/7", {"headers": [(b"x-refuse", b"1")]}, (429, "/api/v1/users/{id}")),
        ("/api/v1/users/7", {"method": "DELETE"}, (405, "/api/v1/users/{id}")),
        ("/api/v1/users/7", {"method": "HEAD"}, (405, "/api/v1/users/{id}")),
        ("/one", {}, (200, "/one")),
        ("/two/x", {}, (200, "/two/{n}")),
        ("/posted", {"method": "MADE-UP"}, (405, "/posted")),
        ("/rest/of/it", {}, (200, "/rest/{rest}")),
        ("/mount", {}, (200, "/mount/{path}")),
        ("/mount/any/thing", {}, (200, "/mount/{path}")),
        ("/static/a.js", {}, (200, "/static/{file_path}")),
        ("/price/1.5", {}, (200, "/price/{price}")),
        ("/price/none", {}, (500, "unmatched")),  # Litestar's own
        ("/no/such/path", {}, (404, "unmatched")),
        ("/ws/x", {"kind": "websocket"}, (101, "/ws/{room}")),
    ],
)
@pytest.mark.parametrize("prefix", ["", "/proxy"])
def test_the_label_is_the_whole_template(
    app: ASGIApp, prefix: str, path: str, request_: dict[str, Any], expected: tuple[int, str]
) -> None:
    """Routers give their prefixes; refusals and wrong methods have the route; a proxy's prefix changes nothing."""
    seen = ask(app, f"{prefix}{path}", root_path=prefix, **request_)
    assert (seen.status, seen.before) == (seen.status, seen.after) == expected


def test_a_preflight_has_the_route_that_was_asked_for(app: ASGIApp) -> None:
    """Litestar's own CORS middleware has it before any route is looked for."""
    headers = [(b"origin", b"http://x"), (b"access-control-request-method", b"POST")]
    seen = ask(app, "/posted", method="OPTIONS", headers=headers)
    assert (seen.status, seen.after) == (204, "/posted")


def test_routes_that_are_registered_later_are_found() -> None:
    """`register` after the first request gives the labels all the same."""
    app: Any = Litestar([me], openapi_config=None)
    routes = Routes(app)
    assert label_of(app, "/posted", routes) == "unmatched"
    app.register(posted)
    assert label_of(app, "/posted", routes, method="POST") == "/posted"


def test_labels_do_not_grow_with_what_clients_send(app: ASGIApp) -> None:
    """Ten thousand made-up paths have the same few labels."""
    routes = Routes(app)
    paths = (f"/{at}{number}" for at in ("api/v1/users/", "mount/", "made/up/", "rest/") for number in range(2500))
    labels = {routes.label(scope_of(path)) for path in paths}
    assert labels == {"/api/v1/users/{id}", "/mount/{path}", "unmatched", "/rest/{rest}"}


def seen_after_routing(template: str) -> Seen:
    """Return what a request is labelled whose scope Litestar has had, but whose template another application noted."""
    app: Any = Litestar([me], openapi_config=None)
    return Seen("", Routes(app).label({**scope_of("/other"), "path_template": template}))


def test_a_template_of_another_application_is_not_believed() -> None:
    """Only the application's own templates are labels."""
    assert seen_after_routing("/users/me").after == "/users/me"
    assert seen_after_routing("/from/elsewhere/17").after == "unmatched"
