"""The express lane: the same answers by the shorter way."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from fastapi import FastAPI, Response
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from services.express import ExpressLane
from services.parameters import Delay, Task
from services.problems import answers_with_problems, problem
from services.telemetry import Telemetry
from services.telemetry.labels import route_label
from services.telemetry.threads import timed_in_thread
from tests.telemetry.asgi import call, http_scope


class OurError(Exception):
    """An error that the application answers."""


async def answer_ours(_request: object, error: Exception) -> Response:
    """Answer it."""
    return problem(502, str(error))


def application(handler: Any) -> FastAPI:
    """Return an application as the services build theirs."""
    app = FastAPI(redirect_slashes=False)
    answers_with_problems(app)
    app.add_exception_handler(OurError, answer_ours)
    app.add_api_route("/{task}", handler, response_class=Response)
    return app


async def awaited(task: Task, delay: Delay = None) -> Response:
    """Answer on the loop."""
    return _answer(task, delay)


def in_thread(task: Task, delay: Delay = None) -> Response:
    """Answer in a thread."""
    return _answer(task, delay)


threaded = timed_in_thread(in_thread, Telemetry().metrics)


def _answer(task: str, delay: float | None) -> Response:
    if task == "ours":
        raise OurError("as documented")
    if task == "bug":
        raise ZeroDivisionError
    return Response(f"{task} {delay}", headers={"thread": str(threading.current_thread() is threading.main_thread())})


def asked(app: Any, path: str, method: str = "GET", query: bytes = b"") -> tuple[list[Message], str]:
    """Return what is sent, and the label that the request gets."""
    scope = {**http_scope(path, method), "query_string": query}
    try:
        sent = call(app, scope)
    except ZeroDivisionError:  # Starlette's own way answers, and raises once more for the server's log
        sent = []
    return sent, route_label(scope)


@pytest.mark.parametrize("handler", [awaited, threaded])
@pytest.mark.parametrize("path", ["/task1", "/ours", "/a%20b", "/", "//", "/x/y", "/docs", "/redoc", "/openapi.json"])
@pytest.mark.parametrize(("method", "query"), [("GET", b""), ("GET", b"delay=1"), ("GET", b"delay=x"), ("POST", b"")])
def test_both_ways_give_the_same_answer(handler: Any, path: str, method: str, query: bytes) -> None:
    """Bytes, headers, status and label, whether the lane takes the request or not."""
    app = application(handler)
    assert asked(ExpressLane(app), path, method, query) == asked(app, path, method, query)


@pytest.mark.parametrize("handler", [awaited, threaded])
def test_a_bug_is_a_problem_without_a_trace(handler: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The client learns nothing of it; the log learns all."""
    (start, body), label = asked(ExpressLane(application(handler)), "/bug")
    assert start["status"] == 500
    assert b"ZeroDivision" not in body["body"]
    assert label == "/{task}"
    assert "ZeroDivisionError" in caplog.text


@given(st.text(max_size=80))
def test_the_lane_takes_only_names_that_are_valid(name: str) -> None:
    """What FastAPI would refuse, or serve otherwise, is left to it."""
    lane = ExpressLane(application(awaited))
    task = lane._task(http_scope(f"/{name}"))
    assert task in {None, name}
    if task is not None:
        assert 1 <= len(name) <= 64
        assert all(letter.isascii() and (letter.isalnum() or letter in "_-") for letter in name)


def test_what_is_not_http_goes_through() -> None:
    """Starting up and shutting down are the application's."""
    seen: list[str] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["type"])

    lane = ExpressLane(application(awaited))
    lane.app = app
    asyncio.run(lane({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert seen == ["lifespan"]
