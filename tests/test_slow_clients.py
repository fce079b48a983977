"""How long a client may take, and what becomes of it when it takes longer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI, Response

from services.settings import BackendSettings
from services.slow_clients import UNREAD_TIMEOUT, TimeLimitedProtocol
from services.telemetry import Telemetry
from services.telemetry.protocol import StampedProtocol
from tests.guarded import HEAD, refusal, sent, served, served_backend
from tests.telemetry.server import Served, read_all, read_until, request


@pytest.fixture(scope="module")
def backend() -> Iterator[Served]:
    """The backend, as the service starts it, with little patience."""
    with served_backend() as backend:
        yield backend


@pytest.mark.parametrize("data", [b"", b"\r\n", b"GET /ta", HEAD + b"X: a"])
def test_a_request_that_does_not_come_is_a_408(backend: Served, data: bytes) -> None:
    """A connection that sends nothing, or never ends its head, is closed in the documented time."""
    assert refusal(sent(backend, data)) == 408


def test_dribbling_does_not_buy_time(backend: Served) -> None:
    """A byte now and then is still no request; not even on a connection that has had an answer."""
    with backend.connect() as connection:
        connection.sendall(request("/task1"))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.settimeout(0.02)
        answer = b""
        for _ in range(500):
            try:
                connection.sendall(b"\r\n")
                answer += connection.recv(65536)
            except TimeoutError:
                continue
            except ConnectionError:
                break
            if answer.endswith(b"}"):
                break
        assert b"HTTP/1.1 408" in answer


def test_a_body_without_end_is_cut_off(backend: Served) -> None:
    """The answer has gone out by then; the connection is closed without another."""
    with backend.connect() as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        answer = read_all(connection)
    assert answer.count(b"HTTP/1.1") == 1
    assert answer.startswith(b"HTTP/1.1 200")


def test_a_slow_reader_is_not_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as it takes something from one look to the next."""
    left = [1000]
    transport: Any = SimpleNamespace(get_write_buffer_size=lambda: left[0], abort=lambda: left.append(0))
    monkeypatch.setattr(StampedProtocol, "pause_writing", lambda _self: None)
    protocol = TimeLimitedProtocol.__new__(TimeLimitedProtocol)
    protocol.transport, protocol._due_since = transport, None
    protocol.pause_writing()
    started = time.monotonic()
    for look in range(1, 100):
        left[0] -= 10
        protocol.expire(started + look)
    assert len(left) == 1
    protocol.expire(started + 99 + UNREAD_TIMEOUT - 1)
    assert len(left) == 1
    protocol.expire(started + 99 + UNREAD_TIMEOUT + 1)
    assert len(left) == 2


def test_an_idle_connection_that_was_served_is_kept(backend: Served) -> None:
    """Keeping alive has a time of its own, longer than any client of ours keeps a connection."""
    with backend.connect() as connection:
        for _ in range(2):
            connection.sendall(request("/task1"))
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
            threading.Event().wait(0.8)  # longer than a request may be due


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_blocked_loop_reads_what_came_in_time_before_it_judges(loop: str) -> None:
    """The requests were here long before they were due; that nobody read them is the service's own fault."""
    settings, telemetry = BackendSettings(loop=loop, log_level="error"), Telemetry()
    application = FastAPI()

    @application.get("/{task}")
    async def block(task: str) -> Response:
        time.sleep(0.7)  # noqa: ASYNC251 - blocking is the point
        return Response(task)

    with served(application, settings, telemetry) as server, ExitStack() as stack:
        connections = [stack.enter_context(server.connect()) for _ in range(5)]
        for connection in connections:
            connection.sendall(request("/task1"))
        assert [read_until(connection, b"\r\n\r\n").split()[1] for connection in connections] == [b"200"] * 5
