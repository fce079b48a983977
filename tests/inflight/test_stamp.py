"""The stamp, on real connections of each of uvicorn's parsers and loops."""

import asyncio
import sys
import threading
import time
from typing import Any

import pytest

from inflight.ledger import current_ledger
from inflight.types import ASGIApp, Receive, Scope, Send
from tests.eventually import eventually
from tests.inflight.server import read_all, read_until, request, respond, served, timing_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's wait is known on Linux only")

UNMATCHED = {"method": "GET", "route": "unmatched"}
BLOCK = 0.6
WAIT = 0.3


class Blocks:
    """An application that blocks its event loop for `/block`, awaits for `/wait`, and notes when it was entered."""

    def __init__(self) -> None:
        self.entered = threading.Event()

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["path"] == "/block":
            self.entered.set()
            time.sleep(BLOCK)  # noqa: ASYNC251 - blocking is the point
        elif scope["path"] == "/wait":
            self.entered.set()
            await asyncio.sleep(WAIT)
        await respond(send)


@pytest.mark.alone
def test_a_request_behind_a_blocked_loop_knows_how_long_it_waited(loop: str, http: str) -> None:
    """Wherever the loop left it, in the kernel or in its own queue: the sum is the truth."""
    app = Blocks()
    with served(app, loop, http) as server, server.connect() as first, server.connect() as second:
        first.sendall(request("/block"))
        assert app.entered.wait(10)
        asked_at = time.perf_counter()
        second.sendall(request("/quick"))
        read_until(first, b"\r\n\r\nok")
        first_after = time.perf_counter() - asked_at
        timing = timing_of(read_until(second, b"\r\n\r\nok"))
        assert timing["kernel"] + timing["loop"] == pytest.approx(first_after, abs=0.1)
        eventually(lambda: server.value("http_request_wait_seconds_count", queue="kernel"), 2)


@pytest.mark.alone
def test_unread_requests_are_counted_while_the_loop_is_blocked(loop: str, http: str) -> None:
    """The gauge that nothing else has: it is read from another thread, and falls to 0 when the loop is back."""
    app = Blocks()
    with served(app, loop, http) as server, server.connect() as first, server.connect() as second:
        first.sendall(request("/block"))
        assert app.entered.wait(10)
        second.sendall(request("/quick"))
        eventually(lambda: sum(server.telemetry.live.waiting().values()), 1)
        assert server.value("http_requests_in_flight", **UNMATCHED) == 1
        read_until(second, b"\r\n\r\nok")
        eventually(lambda: sum(server.telemetry.live.waiting().values()), 0)


def test_a_request_that_was_sent_ahead_has_no_stamp_of_its_own(loop: str, http: str) -> None:
    """Nobody can say how long it lay behind the other: its entries are absent, never 0."""
    with served(Blocks(), loop, http) as server, server.connect() as connection:
        connection.sendall(request("/quick") + request("/quick"))
        first = timing_of(read_until(connection, b"\r\n\r\nok"))
        second = timing_of(read_until(connection, b"\r\n\r\nok"))
        assert {"kernel", "loop"} <= set(first)
        assert set(second) == {"total"}
        connection.sendall(request("/quick", close=True))
        assert {"kernel", "loop"} <= set(timing_of(read_all(connection)))


def test_a_request_in_pieces_is_stamped_when_it_is_whole(loop: str, http: str) -> None:
    """The bytes before are no request that waits for anybody but its client."""
    with served(Blocks(), loop, http) as server, server.connect() as connection:
        whole = request("/quick", close=True)
        connection.sendall(whole[:10])
        eventually(lambda: len(server.telemetry.live.connections), 1)
        eventually(lambda: server.telemetry.live.read, {})
        connection.sendall(whole[10:])
        timing = timing_of(read_all(connection))
        assert timing["loop"] < timing["total"]


def test_a_body_that_our_own_loop_has_not_read_is_no_wait_for_the_client(loop: str, http: str) -> None:
    """It came while another request held the loop."""
    asked = threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            asked.set()
            await receive()
        elif scope["path"] == "/block":
            held.set()
            time.sleep(BLOCK)  # noqa: ASYNC251 - blocking is the point
        await respond(send)

    held = threading.Event()
    with served(app, loop, http) as server, server.connect() as slow, server.connect() as other:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n")
        assert asked.wait(10)
        other.sendall(request("/block"))
        assert held.wait(10)
        slow.sendall(b"ok")
        timing = timing_of(read_until(slow, b"\r\n\r\nok"))
    assert timing["loop"] > BLOCK / 2 > timing["receive"]


class Refuses:
    """What stands around the telemetry, and responds by itself."""

    def __init__(self, _app: ASGIApp) -> None: ...

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await respond(send)


async def opens_websockets(scope: Scope, receive: Receive, send: Send) -> None:
    """Take a WebSocket, until its client leaves."""
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@pytest.mark.parametrize(
    ("options", "asked", "status"),
    [
        ({"limit_concurrency": 1}, request(), b"503"),
        ({"around": Refuses}, request(), b"200"),
        ({"ws": "wsproto"}, HANDSHAKE, b"101"),
        ({}, b"not HTTP at all\r\n\r\n", b"400"),
    ],
)
def test_what_never_comes_to_the_application_waits_for_no_loop(
    loop: str, http: str, options: dict[str, Any], asked: bytes, status: bytes
) -> None:
    """Uvicorn refuses it, or what is around the telemetry responds, or it is none: nothing stays in the gauge."""
    with served(opens_websockets, loop, http, **options) as server:
        for _ in range(3):
            with server.connect() as connection:
                connection.sendall(asked)
                assert connection.recv(4096).split()[1] == status
                eventually(lambda: server.telemetry.live.read, {})
        eventually(lambda: len(server.telemetry.live.connections), 0)


def test_what_responds_by_itself_and_goes_on_to_the_application_leaves_nothing_behind(loop: str, http: str) -> None:
    """As a cache does that renews what it has just given; on a connection that is kept, request after request."""
    entered = []

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        entered.append(current_ledger.get())

    def around(inner: ASGIApp) -> ASGIApp:
        async def responds_first(scope: Scope, receive: Receive, send: Send) -> None:
            await respond(send)
            if scope["path"] == "/renew":
                await inner(scope, receive, send)

        return responds_first

    with served(app, loop, http, around=around) as server, server.connect() as connection:
        for path in ("/renew", "/kept", "/kept", "/renew", "/kept"):
            connection.sendall(request(path))
            read_until(connection, b"\r\n\r\nok")
        eventually(lambda: len(entered), 2)
        eventually(lambda: server.telemetry.live.in_flight, set())
        eventually(lambda: server.telemetry.live.read, {})


def test_a_client_that_leaves_with_requests_sent_ahead_leaves_nothing_behind(loop: str, http: str) -> None:
    """Uvicorn drops what stands behind the request during which it notices; the gauges know."""
    app = Blocks()
    with served(app, loop, http) as server:
        with server.connect() as connection:
            connection.sendall(request("/wait") * 4)
            assert app.entered.wait(10)
        eventually(lambda: len(server.telemetry.live.connections), 0)
        eventually(lambda: server.telemetry.live.in_flight, set())
        assert server.telemetry.live.read == {}


def test_the_rest_of_a_refused_upload_waits_for_no_loop(loop: str, http: str) -> None:
    """It is read and dropped: the request is over."""

    async def refuses(_scope: Scope, _receive: Receive, send: Send) -> None:
        await respond(send)

    seen = []
    with served(refuses, loop, http) as server, server.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n")
        read_until(connection, b"\r\n\r\nok")
        until = time.monotonic() + 1
        while time.monotonic() < until:
            connection.sendall(b"x" * 100)
            time.sleep(0.01)
            seen.append(server.telemetry.live.waiting()["loop"])
        assert seen[-10:] == [0] * 10
