"""Label values that no client can make grow."""

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response
from starlette.routing import Mount, Route

from services.telemetry.labels import METHODS, method_label, route_label
from tests.telemetry.asgi import call, http_scope


@given(st.text())
def test_a_made_up_method_is_other(method: str) -> None:
    """Whatever a client calls its method, the label has one of ten values."""
    assert method_label({"method": method}) in METHODS | {"OTHER"}


def test_known_methods_keep_their_names() -> None:
    """HTTP's own methods are told apart."""
    assert {method_label({"method": method}) for method in METHODS} == METHODS
    assert method_label({}) == "OTHER"


def label_of(app: FastAPI, path: str, method: str = "GET") -> str:
    """Return the label that a request to `path` gets, seen from outside the application as the middleware does."""
    scope = http_scope(path, method)
    call(app, scope)
    return route_label(scope)


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """An application with a route of every kind."""

    async def endpoint() -> str:
        return "here"

    def plain(_request: Any) -> Response:
        return Response()

    inner, outer, app = APIRouter(), APIRouter(), FastAPI()
    inner.add_api_route("/items/{item}", endpoint)
    outer.include_router(inner, prefix="/inner")
    app.add_api_route("/direct/{name}", endpoint)
    app.include_router(outer, prefix="/outer")
    mounted = FastAPI()
    mounted.add_api_route("/{thing}", endpoint)
    app.router.routes.append(Mount("/mounted", app=mounted))
    app.router.routes.append(Route("/plain", plain))
    return app


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/direct/anything", "/direct/{name}"),
        ("/outer/inner/items/7", "/outer/inner/items/{item}"),
        ("/mounted/thing", "/{thing}"),
        ("/plain", "unmatched"),  # a plain Starlette route leaves no trace of itself in the scope
        ("/docs", "unmatched"),
        ("/no/such/path", "unmatched"),
    ],
)
def test_the_label_is_the_routes_template(app: FastAPI, path: str, label: str) -> None:
    """Nested routers keep every prefix; what matched nothing is one value."""
    assert label_of(app, path) == label


def test_a_wrong_method_still_belongs_to_its_route(app: FastAPI) -> None:
    """A 405 is counted where it was asked for."""
    assert label_of(app, "/direct/anything", "DELETE") == "/direct/{name}"
