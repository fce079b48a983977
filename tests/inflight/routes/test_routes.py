"""What holds for the applications of every framework, and for none."""

from __future__ import annotations

import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import wraps

import pytest
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route

from inflight.routes import Routes
from inflight.types import ASGIApp, Receive, Scope, Send
from tests.inflight.routes.asking import ask, label_of, scope_of
from tests.inflight.routes.mounted import bare, hi, sub


def one() -> Starlette:
    return Starlette(routes=[Route("/one/{name}", hi)])


def closed_over(app: ASGIApp) -> ASGIApp:
    """Return `app` behind a function that shows nothing of it."""

    async def wrapper(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return wrapper


def test_middleware_around_the_application_is_seen_through() -> None:
    """Wrappers with an `app`, and functions that say what they wrap, hide nothing, also before the first request."""
    wrapped = GZipMiddleware(GZipMiddleware(one()))
    assert label_of(wrapped, "/one/x") == "/one/{name}"
    assert label_of(wraps(wrapped)(closed_over(wrapped)), "/one/x") == "/one/{name}"


def test_what_a_function_hides_shows_in_the_scope() -> None:
    """Behind a function of the user's own the label is known from the first request on, refusals then included."""
    hidden = closed_over(one())
    routes = Routes(hidden)
    seen = ask(hidden, "/one/x", routes)
    assert (seen.before, seen.after) == ("unmatched", "/one/{name}")
    assert routes.label(scope_of("/one/refused")) == "/one/{name}"


def test_two_applications_behind_one_function() -> None:
    """Each has its own labels, whichever was asked first."""
    first, second = sub(), one()

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        await (second if scope["path"].startswith("/one") else first)(scope, receive, send)

    routes = Routes(dispatch)
    assert ask(dispatch, "/users/1", routes).after == "/users/{id}"
    assert ask(dispatch, "/one/x", routes).after == "/one/{name}"
    assert [routes.label(scope_of(path)) for path in ("/users/2", "/one/y")] == ["/users/{id}", "/one/{name}"]


def test_applications_that_are_made_for_each_request_are_not_kept() -> None:
    """A program that makes an application anew each time does not grow by what the labels remember."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        await one()(scope, receive, send)

    routes = Routes(dispatch)
    assert {ask(dispatch, "/one/x", routes).after for _ in range(30)} == {"/one/{name}"}


def test_an_application_without_a_framework_is_unmatched() -> None:
    """A bare ASGI application has no routes that anybody could know of."""
    assert label_of(bare, "/any/thing") == "unmatched"


def test_a_fault_is_logged_once_and_breaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A scope that cannot be read is unmatched, and one line says so."""
    routes = Routes(one())
    with caplog.at_level(logging.WARNING, "inflight"):
        assert [routes.label({"type": "http"}) for _ in range(3)] == ["unmatched"] * 3
    (record,) = caplog.records
    assert record.exc_info is not None
    assert label_of(one(), "/one/x", routes) == "/one/{name}"


def test_a_scrape_from_another_thread_sees_the_same() -> None:
    """Labels may be asked for from several threads at once, before the routes were ever read."""
    routes = Routes(sub())
    with ThreadPoolExecutor(8) as pool:
        labels = set(pool.map(lambda number: routes.label(scope_of(f"/users/{number}")), range(400)))
    assert labels == {"/users/{id}"}


def test_no_framework_is_imported() -> None:
    """A program without any framework gets none by its labels."""
    program = """
import sys
from inflight.routes import Routes
async def app(scope, receive, send): ...
assert Routes(app).label({"type": "http", "path": "/", "method": "GET"}) == "unmatched"
assert not {"fastapi", "starlette", "litestar", "quart", "django", "werkzeug"} & {*sys.modules}
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, capture_output=True)
