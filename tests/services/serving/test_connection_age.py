"""A maximum age of connections: the response says when one ends, and the client loses nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from time import monotonic

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Message, Scope

from services.serving import connection_age
from services.serving.connection_age import MOST, ConnectionAgeMiddleware
from tests.eventually import eventually

AGE = 10.0
CLOSE = (b"connection", b"close")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The middleware's clock; ages are what they are set to, without the jitter."""
    found = Clock()
    monkeypatch.setattr(connection_age, "monotonic", found)
    monkeypatch.setattr(connection_age, "uniform", lambda _low, _high: 1.0)
    return found


def closed(app: ConnectionAgeMiddleware, port: int | None = 1, kind: str = "http") -> bool:
    """Send one request from a client's port (none: a socket without addresses); say whether its response closes."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    client = None if port is None else ("127.0.0.1", port)
    scope: Scope = {"type": kind, "method": "GET", "path": "/", "headers": [], "client": client}
    asyncio.run(_called(app, scope, receive, send))
    return any(CLOSE in message.get("headers", ()) for message in sent)


async def _called(app: ConnectionAgeMiddleware, *arguments: object) -> None:
    await app(*arguments)  # type: ignore[arg-type]


def aging() -> ConnectionAgeMiddleware:
    return ConnectionAgeMiddleware(PlainTextResponse("here"), AGE)


def test_the_first_response_beyond_the_age_closes(clock: Clock) -> None:
    """Those before it do not, and another connection has its own age."""
    app = aging()
    assert not closed(app, 1)
    clock.now += AGE / 2
    assert not closed(app, 1)
    assert not closed(app, 2)
    clock.now += AGE / 2
    assert closed(app, 1)
    assert not closed(app, 2)


def test_an_address_that_is_used_again_begins_anew(clock: Clock) -> None:
    """The connection that has ended is forgotten."""
    app = aging()
    closed(app)
    clock.now += AGE
    assert closed(app)
    assert not closed(app)


def test_the_age_counts_when_the_response_begins(clock: Clock) -> None:
    """A request that takes longer than the age ends its connection, the first one included."""

    async def slow(scope: Scope, receive: object, send: object) -> None:
        clock.now += AGE
        await PlainTextResponse("late")(scope, receive, send)  # type: ignore[arg-type]

    assert closed(ConnectionAgeMiddleware(slow, AGE))


def test_memory_is_bounded(clock: Clock) -> None:
    """Clients that come once each are forgotten, the oldest first."""
    app = aging()
    for port in range(MOST + 10):
        app._remember(("127.0.0.1", port))
    assert len(app._ends) == MOST
    clock.now += AGE
    assert not closed(app, 9)
    assert closed(app, MOST)


def test_ages_differ() -> None:
    """Connections that are opened together do not end together: their ends lie between 3/4 and 5/4 of the age."""
    app = aging()
    began = monotonic()
    for port in range(200):
        app._remember(("127.0.0.1", port))
    ages = [end - began for end in app._ends.values()]
    assert AGE * 0.75 <= min(ages) < AGE < max(ages) <= AGE * 1.25 + monotonic() - began


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(("port", "kind"), [(None, "http"), (1, "websocket"), (1, "lifespan")])
def test_what_has_no_such_connection_passes(port: int | None, kind: str) -> None:
    """A Unix socket's clients have no address, and the lifespan and WebSockets have no response to say it with."""
    seen: list[str] = []

    async def inner(scope: Scope, _receive: object, _send: object) -> None:
        seen.append(scope["type"])

    app = ConnectionAgeMiddleware(inner, AGE)
    assert not closed(app, port, kind)
    assert seen == [kind]
    assert not app._ends


@contextmanager
def serving(http: str) -> Iterator[int]:
    """Serve with a maximum age of 50 ms on a free port of loopback."""
    app = ConnectionAgeMiddleware(PlainTextResponse("here"), 0.05)
    server = uvicorn.Server(uvicorn.Config(app, port=0, http=http, lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        eventually(lambda: server.started, wanted=True)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.mark.parametrize("http", ["httptools", "h11"])
def test_a_server_closes_and_the_client_loses_nothing(http: str) -> None:
    """A client that keeps its connections has every response, and opens a new connection after each that closes."""
    with serving(http) as port:
        client = HTTPConnection("127.0.0.1", port, timeout=20)
        closes = requests = 0
        while closes < 3:
            assert requests < 100_000
            client.request("GET", "/")
            response = client.getresponse()
            assert (response.status, response.read()) == (200, b"here")
            requests += 1
            if response.getheader("connection") == "close":
                closes += 1
                assert client.sock is None, "http.client closes its end, and connects again for the next request"
        client.close()
        assert requests > closes
