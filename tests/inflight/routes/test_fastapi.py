"""FastAPI's labels, with all that is mounted and included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI

from inflight.routes import Routes
from inflight.types import ASGIApp
from tests.inflight.routes.asking import Seen, ask, label_of
from tests.inflight.routes.mounted import mounted, number, sub

LABELS = {
    "/v1/users/1": "/v1/users/{id}",
    "/v2/users/1": "/v2/users/{id}",
    "/tenants/acme/users/1": "/tenants/{tenant}/users/{id}",
    "/shop/cart/7": "/shop/cart/{n}",
    "/shop/deep/x": "/shop/deep/x",
    "/static/a.js": "/static/{path}",
    "/static/no.js": "/static/{path}",
    "/mcp/any/thing": "/mcp/{path}",
    "/api/a/mid/b/things/1": "/api/a/mid/b/things/{id}",
    "/again/a/mid/b/things/1": "/again/a/mid/b/things/{id}",
    "/again/a/mid/docs/x": "/again/a/mid/docs/{path}",
    "/raw/a/b": "/raw/{p}",
    "/v1/users/no-number": "/v1/users/{id}",
    "/docs": "/docs",
    "/v2/openapi.json": "/v2/openapi.json",
    "/no/such/path": "unmatched",
    "/v1/no/such/path": "unmatched",
    "/shop/deep/y": "unmatched",
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return mounted(tmp_path_factory.mktemp("static"))


@pytest.fixture(scope="module")
def routes(app: FastAPI) -> Routes:
    return Routes(app)


@pytest.mark.parametrize(("path", "label"), LABELS.items())
def test_the_label_is_the_whole_template(app: ASGIApp, routes: Routes, path: str, label: str) -> None:
    """Each mount and router gives its prefix, and equal templates in two mounts are two labels."""
    assert label_of(app, path, routes) == label


@pytest.mark.parametrize(("path", "label"), LABELS.items())
def test_a_proxys_prefix_is_in_no_label(app: ASGIApp, routes: Routes, path: str, label: str) -> None:
    """A server's root_path, which its scope's path begins with, leaves the labels as they are."""
    assert label_of(app, f"/proxy{path}", routes, root_path="/proxy") == label


@pytest.mark.parametrize("prefix", ["", "/proxy"])
@pytest.mark.parametrize(("path", "label"), LABELS.items())
def test_an_applications_own_root_path_is_in_no_label(tmp_path: Path, prefix: str, path: str, label: str) -> None:
    """So does `FastAPI(root_path=...)`, whether the proxy takes the prefix off or not."""
    assert label_of(mounted(tmp_path, "/proxy"), f"{prefix}{path}") == label


PREFLIGHT = [(b"origin", b"http://x"), (b"access-control-request-method", b"POST")]


@pytest.mark.parametrize(
    ("path", "request_", "expected"),
    [
        ("/v1/users/1", {"headers": [(b"x-refuse", b"1")]}, (429, "/v1/users/{id}")),
        ("/mcp/x", {"headers": [(b"x-refuse", b"1")]}, (429, "/mcp/{path}")),
        ("/none", {"headers": [(b"x-refuse", b"1")]}, (429, "unmatched")),
        ("/v2/users/1", {"method": "OPTIONS", "headers": PREFLIGHT}, (200, "/v2/users/{id}")),
        ("/api/a/mid/b/things/", {"method": "OPTIONS", "headers": PREFLIGHT}, (200, "/api/a/mid/b/things/")),
        ("/none", {"method": "OPTIONS", "headers": PREFLIGHT}, (200, "unmatched")),
        ("/shop/cart/7", {"method": "HEAD"}, (200, "/shop/cart/{n}")),
        ("/v1/users/1", {"method": "HEAD"}, (405, "/v1/users/{id}")),
        ("/v1/users/1", {"method": "DELETE"}, (405, "/v1/users/{id}")),
        ("/again/a/mid/b/things/1", {"method": "DELETE"}, (405, "/again/a/mid/b/things/{id}")),
        ("/raw/x", {"method": "MADE-UP"}, (405, "/raw/{p}")),
        ("/v1/users/1/", {}, (307, "/v1/users/{id}")),
        ("/api/a/mid/b/things", {"method": "POST"}, (307, "/api/a/mid/b/things/")),
        ("/static", {}, (307, "/static/{path}")),
        ("/v1/live/7", {"kind": "websocket"}, (101, "/v1/live/{room}")),
        ("/again/a/mid/b/feed/7", {"kind": "websocket"}, (101, "/again/a/mid/b/feed/{name}")),
        ("/v1/users/1", {"kind": "websocket"}, (403, "unmatched")),
    ],
)
def test_what_no_handler_has_seen_is_counted_where_it_was_asked_for(
    app: ASGIApp, routes: Routes, path: str, request_: dict[str, Any], expected: tuple[int, str]
) -> None:
    """Refusals by middleware, preflights, HEAD, wrong methods, redirects and handshakes have the route that matches."""
    seen = ask(app, path, routes, **request_)
    assert (seen.status, seen.before) == (seen.status, seen.after) == expected


def test_labels_do_not_grow_with_what_clients_send(app: ASGIApp, routes: Routes) -> None:
    """Ten thousand made-up paths, prefixes of proxies and values of parameters have the same few labels."""
    labels = set()
    for made_up in range(2500):
        labels.add(routes.label(ask_scope(f"/made/{made_up}", "")))
        labels.add(routes.label(ask_scope(f"/p{made_up}/v1/users/{made_up}", f"/p{made_up}")))
        labels.add(routes.label(ask_scope(f"/tenants/t{made_up}/users/{made_up}", "")))
        labels.add(routes.label(ask_scope(f"/static/{made_up}.js", "")))
    assert labels == {"unmatched", "/v1/users/{id}", "/tenants/{tenant}/users/{id}", "/static/{path}"}
    run = {label_of(app, f"/tenants/t{made_up}/users/{made_up}", routes) for made_up in range(20)}
    assert run == {"/tenants/{tenant}/users/{id}"}


def ask_scope(path: str, root_path: str) -> dict[str, Any]:
    return {"type": "http", "method": "GET", "path": path, "root_path": root_path, "headers": []}


def test_a_preflight_asks_for_the_method_that_it_names() -> None:
    """Of two routes for one path a preflight has the one of its method."""
    app = FastAPI()
    app.add_api_route("/things/{id}", number)
    app.add_api_route("/things/new", number, methods=["POST"])
    preflight = ask_scope("/things/new", "") | {"method": "OPTIONS", "headers": PREFLIGHT}
    assert Routes(app).label(preflight) == "/things/new"


def test_one_application_in_two_mounts_has_two_labels() -> None:
    """The endpoint alone does not say which mount had the request."""
    app, shared = FastAPI(), sub()
    app.mount("/one", shared)
    app.mount("/two", shared)
    routes = Routes(app)
    assert [label_of(app, f"/{name}/users/1", routes) for name in ("one", "two")] == [
        "/one/users/{id}",
        "/two/users/{id}",
    ]


def test_routes_that_are_added_later_are_found() -> None:
    """A route or mount that comes after the first request has its label all the same."""
    app = FastAPI()
    routes = Routes(app)
    assert label_of(app, "/late/users/1", routes) == "unmatched"
    app.mount("/late", sub())
    router = APIRouter()
    router.add_api_route("/later/{id}", number)
    app.include_router(router, prefix="/even")
    assert label_of(app, "/late/users/1", routes) == "/late/users/{id}"
    assert label_of(app, "/even/later/1", routes) == "/even/later/{id}"


@pytest.fixture
def frontend(tmp_path: Path) -> FastAPI:
    """An application that serves the built files of a frontend, in a mount with a parameter, too."""
    (tmp_path / "a.js").write_text("1")
    (tmp_path / "index.html").write_text("hi")
    inner, app, router = FastAPI(), FastAPI(), APIRouter()
    router.frontend("/ui", directory=tmp_path)
    app.include_router(router, prefix="/new")
    inner.frontend("/", directory=tmp_path)
    app.mount("/of/{tenant}", inner)
    return app


def test_files_of_a_frontend_have_its_path(frontend: FastAPI) -> None:
    """FastAPI lists no route for these: the label comes from `frontend_path` in its part of the scope (pinned here)."""

    def seen(path: str) -> Seen:
        return ask(frontend, path)

    assert seen("/new/ui/a.js").after == "/new/ui/{path}"
    assert seen("/new/ui/").after == "/new/ui/{path}"
    assert seen("/of/acme/a.js").after == "/of/{tenant}/{path}"
    assert seen("/of/acme/////a.js").after == "/of/{tenant}/{path}"
    assert seen("/elsewhere").after == "unmatched"
