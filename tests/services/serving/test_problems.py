"""Problem details, as the application's error handlers make them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException, Request
from hypothesis import given
from hypothesis import strategies as st

from services.serving.problems import DETAILS, MEDIA_TYPE, install_problem_handlers, problem, title

Message = MutableMapping[str, Any]


def asked(app: FastAPI, path: str, method: str = "GET") -> tuple[int, dict[str, str], dict[str, Any]]:
    """Return an application's response: status, headers, and the body as JSON. What it raises again is its server's."""
    sent: list[Message] = []
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "app": app,
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    async def ask() -> None:
        try:
            await app(scope, receive, send)
        except ZeroDivisionError:
            return  # starlette answers, then raises again, for the server's log

    asyncio.run(ask())
    start, body = sent
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], headers, json.loads(body["body"])


@pytest.fixture
def app() -> FastAPI:
    """An application with one route for each way to fail."""
    app = FastAPI()
    install_problem_handlers(app)

    @app.get("/number/{number}")
    def number(number: int) -> int:
        return number

    @app.get("/refused")
    def refused() -> None:
        raise HTTPException(418, "no coffee", headers={"X-Pot": "tea"})

    @app.get("/failed")
    def failed() -> float:
        return 1 / 0

    return app


@given(st.integers(100, 999), st.text())
def test_the_body_says_the_wires_status(status: int, detail: str) -> None:
    """Any status, any text: both are in the body, which is JSON."""
    response = problem(status, detail)
    body = json.loads(bytes(response.body))
    assert response.status_code == body["status"] == status
    assert (body["type"], body["title"], body["detail"]) == ("about:blank", title(status), detail)
    assert response.headers["content-type"] == MEDIA_TYPE


def test_every_status_has_a_title() -> None:
    """The phrase where HTTP has one, a number where it has none."""
    assert title(404) == "Not Found"
    assert title(599) == "Status 599"
    assert all(title(status) == status.phrase for status in HTTPStatus)


@pytest.mark.parametrize(
    ("path", "method", "status", "detail"),
    [
        ("/nowhere", "GET", 404, DETAILS[404]),
        ("/refused", "POST", 405, DETAILS[405]),
        ("/refused", "GET", 418, "no coffee"),
        ("/number/one", "GET", 422, "number: Input should be a valid integer"),
    ],
)
def test_refusals_are_problems(app: FastAPI, path: str, method: str, status: int, detail: str) -> None:
    """An unknown path, another method, an exception of the route's own, and bad input."""
    found, headers, body = asked(app, path, method)
    assert (found, headers["content-type"], body["status"]) == (status, MEDIA_TYPE, status)
    assert body["detail"].startswith(detail)


def test_headers_of_a_refusal_are_kept(app: FastAPI) -> None:
    """What the exception wants the client to see beside the problem, and which method would be right."""
    assert asked(app, "/refused")[1]["x-pot"] == "tea"
    assert asked(app, "/refused", "POST")[1]["allow"] == "GET"


def test_a_client_that_leaves_while_it_sends_is_no_failure(app: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is at fault: the log has nothing, and the server no exception."""
    caplog.set_level(logging.INFO)

    @app.put("/body")
    async def body(request: Request) -> int:
        return len(await request.body())

    sent: list[Message] = []
    messages: list[Message] = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    scope = {"type": "http", "method": "PUT", "path": "/body", "query_string": b"", "headers": []}

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 499
    assert caplog.messages == []


def test_a_failure_stays_inside(app: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    """The client learns that the service failed; the log has the traceback."""
    caplog.set_level(logging.ERROR)
    status, headers, body = asked(app, "/failed")
    assert (status, headers["content-type"], body["status"]) == (500, MEDIA_TYPE, 500)
    assert "division" not in json.dumps(body)
    assert "ZeroDivisionError" in caplog.text
    assert "1 / 0" in caplog.text
