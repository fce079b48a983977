"""Quart's labels."""

from __future__ import annotations

from typing import Any

import pytest
from quart import Blueprint, Quart, Response, request, websocket

from inflight.routes import Routes
from inflight.types import ASGIApp
from tests.inflight.routes.asking import ask, label_of, scope_of


@pytest.fixture
def app() -> Quart:
    app = Quart(__name__)
    api, inner = Blueprint("api", __name__), Blueprint("inner", __name__)

    @inner.get("/things/<name>/")
    async def things(name: str) -> str:
        return name

    @app.get("/users/<int:id>")
    async def users(id: int) -> str:  # noqa: A002 - the parameter's public name
        return str(id)

    @app.post("/posted")
    async def posted() -> str:
        return ""

    @app.websocket("/ws/<room>")
    async def room(room: str) -> None:
        await websocket.accept()
        await websocket.close(1000, room)

    @app.before_request
    async def limit() -> Response | None:
        return Response("slow down", 429) if "x-refuse" in request.headers else None

    api.register_blueprint(inner, url_prefix="/inner")
    app.register_blueprint(api, url_prefix="/api")
    return app


@pytest.mark.parametrize(
    ("path", "request_", "expected"),
    [
        ("/users/7", {}, (200, "/users/<int:id>")),
        ("/users/7", {"method": "HEAD"}, (200, "/users/<int:id>")),
        ("/users/7", {"method": "OPTIONS"}, (200, "/users/<int:id>")),
        ("/users/7", {"method": "DELETE"}, (405, "/users/<int:id>")),
        ("/users/7", {"method": "MADE-UP"}, (405, "/users/<int:id>")),
        ("/users/7", {"headers": [(b"x-refuse", b"1")]}, (429, "/users/<int:id>")),
        ("/users/no-number", {}, (404, "unmatched")),
        ("/api/inner/things/x/", {}, (200, "/api/inner/things/<name>/")),
        ("/api/inner/things/x", {}, (308, "/api/inner/things/<name>/")),
        ("/api//inner/things/x/", {}, (308, "/api/inner/things/<name>/")),
        ("/posted", {}, (405, "/posted")),
        ("/static/none.js", {}, (404, "/static/<path:filename>")),
        ("/no/such/path", {}, (404, "unmatched")),
        ("/ws/x", {"kind": "websocket"}, (101, "/ws/<room>")),
        ("/ws/x", {}, (400, "/ws/<room>")),
    ],
)
@pytest.mark.parametrize("prefix", ["", "/proxy"])
def test_the_label_is_the_rule(
    app: ASGIApp, prefix: str, path: str, request_: dict[str, Any], expected: tuple[int, str]
) -> None:
    """Blueprints give their prefixes; refusals, redirects and wrong methods have the rule; so it is behind a prefix."""
    seen = ask(app, f"{prefix}{path}", root_path=prefix, **request_)
    assert (seen.status, seen.before) == (seen.status, seen.after) == expected


def test_rules_by_host() -> None:
    """Where rules go by the host's name, the request's own host chooses."""
    app = Quart(__name__, host_matching=True, static_host="testserver")

    @app.get("/here/<name>", host="testserver")
    async def here(name: str) -> str:
        return name

    @app.get("/there/<name>", host="elsewhere")
    async def there(name: str) -> str:
        return name

    assert label_of(app, "/here/x") == "/here/<name>"
    assert label_of(app, "/there/x") == "unmatched"


def test_labels_do_not_grow_with_what_clients_send(app: ASGIApp) -> None:
    """Ten thousand made-up paths and methods have the same few labels."""
    routes = Routes(app)
    paths = (f"/{at}/{number}" for at in ("users", "made/up") for number in range(5000))
    labels = {routes.label(scope_of(path, f"M{len(path)}")) for path in paths}
    assert labels == {"/users/<int:id>", "unmatched"}
