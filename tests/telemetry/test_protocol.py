"""The stamping protocol, on real connections."""

import asyncio
import sys
import threading
import time
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from services.telemetry import cancelled_on_disconnect, current_ledger
from services.telemetry.protocol import StampedProtocol
from services.telemetry.server_timing import parse_server_timing
from tests.eventually import eventually
from tests.telemetry.server import read_all, read_until, request, served

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's wait is known on Linux only")

UNMATCHED = {"method": "GET", "route": "unmatched"}
BLOCK = 0.6
WAIT = 3


async def _answer(send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


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
        await _answer(send)


def timing_of(answer: bytes) -> dict[str, float]:
    """Return the ledger that came with an answer."""
    lines = answer.decode().lower().split("\r\n")
    return parse_server_timing(next(line.partition(":")[2] for line in lines if line.startswith("server-timing")))


@pytest.mark.alone
def test_a_request_behind_a_blocked_loop_knows_how_long_it_waited(loop: str) -> None:
    """Wherever the loop left it, in the kernel or in its own queue: the sum is the truth."""
    app = Blocks()
    with served(app, loop) as server, server.connect() as first, server.connect() as second:
        first.sendall(request("/block"))
        assert app.entered.wait(10)
        asked_at = time.perf_counter()
        second.sendall(request("/quick"))
        read_until(first, b"\r\n\r\nok")
        first_answered_after = time.perf_counter() - asked_at
        timing = timing_of(read_until(second, b"\r\n\r\nok"))
        waited = timing["kernel"] + timing["loop"]
        assert waited == pytest.approx(first_answered_after, abs=0.1)
        assert server.value("http_request_wait_seconds_count", queue="kernel") == 2


@pytest.mark.alone
def test_unread_requests_are_counted_while_the_loop_is_blocked(loop: str) -> None:
    """The gauge that nothing else has: it is read from another thread, and falls to 0 when the loop is back."""
    app = Blocks()
    with served(app, loop) as server, server.connect() as first, server.connect() as second:
        first.sendall(request("/block"))
        assert app.entered.wait(10)
        second.sendall(request("/quick"))
        eventually(lambda: sum(server.telemetry.live.waiting().values()), 1)
        assert server.value("http_requests_in_flight", **UNMATCHED) == 1
        read_until(second, b"\r\n\r\nok")
        assert sum(server.telemetry.live.waiting().values()) == 0


@pytest.mark.alone
def test_an_answer_leaves_before_the_next_handler_blocks(loop: str) -> None:
    """Uvloop would keep the first answer back until the second handler is done, if the protocol let it."""
    with served(Blocks(), loop) as server:
        connections = [server.connect() for _ in range(3)]
        for connection in connections:
            connection.sendall(request("/block"))
        answered = []
        for connection in connections:
            connection.setblocking(False)
        waiting = list(connections)
        while waiting:
            for connection in list(waiting):
                try:
                    if connection.recv(4096):
                        answered.append(time.perf_counter())
                        waiting.remove(connection)
                except BlockingIOError:
                    time.sleep(0.001)
        for connection in connections:
            connection.close()
        gaps = [later - earlier for earlier, later in pairwise(answered)]
        assert all(gap > BLOCK / 2 for gap in gaps)


@pytest.mark.alone
def test_pipelined_requests_wait_in_the_loop_and_are_all_answered(loop: str) -> None:
    """What is read but waits behind another on its connection has a ledger of its own."""
    with served(Blocks(), loop) as server, server.connect() as connection:
        connection.sendall(request("/block") + request("/quick"))
        first = timing_of(read_until(connection, b"\r\n\r\nok"))
        second = timing_of(read_until(connection, b"\r\n\r\nok"))
        assert first["loop"] < BLOCK / 2
        assert second["loop"] >= BLOCK - 0.05
        assert server.telemetry.live.in_loop == set()


class Refuses:
    """What stands around the telemetry, and answers by itself."""

    def __init__(self, _app: ASGIApp) -> None: ...

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await _answer(send)


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
    ],
)
def test_a_request_that_never_comes_to_the_application_waits_for_no_loop(
    loop: str, options: dict[str, Any], asked: bytes, status: bytes
) -> None:
    """Uvicorn refuses it, or what is around the telemetry answers it, or it is none: nothing stays in the gauge."""
    with served(opens_websockets, loop, **options) as server:
        for _ in range(3):
            with server.connect() as connection:
                connection.sendall(asked)
                assert connection.recv(4096).split()[1] == status
                eventually(lambda: server.telemetry.live.in_loop, set())


def test_what_answers_by_itself_and_goes_on_to_the_application_leaves_nothing_behind(loop: str) -> None:
    """As a cache does that renews what it has just given; on a connection that is kept, request after request."""
    entered = []

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        entered.append(current_ledger.get())

    def around(inner: ASGIApp) -> ASGIApp:
        async def answers_first(scope: Scope, receive: Receive, send: Send) -> None:
            await _answer(send)
            if scope["path"] == "/renew":
                await inner(scope, receive, send)

        return answers_first

    with served(app, loop, around=around) as server, server.connect() as connection:
        for path in ("/renew", "/kept", "/kept", "/renew", "/kept"):
            connection.sendall(request(path))
            read_until(connection, b"\r\n\r\nok")
        eventually(lambda: len(entered), 2)
        eventually(lambda: server.telemetry.live.in_flight | server.telemetry.live.in_loop, set())
        (protocol,) = server.server.server_state.connections
        assert isinstance(protocol, StampedProtocol)
        assert len(protocol._open) == 1


def test_an_answer_that_was_given_whole_is_no_error_when_its_task_is_cancelled(loop: str) -> None:
    """As the end of a stop's patience does, while a slow client still reads."""
    body = b"x" * 20_000_000

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        length = str(len(body)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": body})

    with served(app, loop) as server, server.connect() as connection:
        connection.sendall(request(close=True))
        assert connection.recv(1)
        tasks = server.server.server_state.tasks
        eventually(lambda: len(tasks), 1)
        for task in tuple(tasks):
            task.get_loop().call_soon_threadsafe(task.cancel)
        eventually(lambda: server.value("http_requests_completed_total", **UNMATCHED, code="200"), 1)
        assert read_all(connection).endswith(b"x" * 100)


def test_a_client_that_leaves_with_requests_in_the_pipeline_leaves_nothing_behind(loop: str) -> None:
    """Uvicorn drops what stands behind the request during which it notices; the gauges know."""
    app = Blocks()
    with served(app, loop) as server:
        with server.connect() as connection:
            connection.sendall(request("/wait") * 4)
            assert app.entered.wait(10)
        eventually(lambda: server.value("http_requests_completed_total", **UNMATCHED, code="499"), 1)
        eventually(lambda: server.telemetry.live.in_loop | server.telemetry.live.in_flight, set())


def test_a_request_that_others_stand_behind_is_told_that_its_client_left(loop: str) -> None:
    """Uvicorn tells the last one only; the one that runs would be called an error of the server's."""
    told: list[str] = []
    entered = threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/first":
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})
            return
        with cancelled_on_disconnect():
            entered.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                told.append((await receive())["type"])
                raise

    with served(app, loop) as server:
        with server.connect() as connection:
            connection.sendall(request("/first") + request("/second") + request("/third"))
            assert entered.wait(10)
        eventually(lambda: told, ["http.disconnect"])
        eventually(lambda: server.value("http_requests_completed_total", **UNMATCHED, code="499"), 1)


def test_each_of_several_works_for_a_client_is_cancelled_and_what_comes_after_the_answer_is_not(loop: str) -> None:
    """Side by side, and one within the other; what is done when the answer has been sent is not for the client."""
    ended: list[str] = []
    entered = threading.Event()

    async def work(name: str) -> None:
        with cancelled_on_disconnect():
            with cancelled_on_disconnect():
                pass
            entered.set()
            try:
                await asyncio.sleep(60)
            finally:
                ended.append(name)

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.gather(work("one"), work("other"))
        await _answer(send)
        with cancelled_on_disconnect():
            await asyncio.sleep(0.01)
        ended.append("after")

    with served(app, loop) as server:
        with server.connect() as connection:
            connection.sendall(request())
            assert entered.wait(10)
        eventually(lambda: sorted(ended), ["after", "one", "other"])


def test_work_for_a_client_that_left_is_cancelled_where_asked(loop: str) -> None:
    """It counts as 499, once, and is no error of the server's."""
    cancelled = threading.Event()
    entered = threading.Event()

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        with cancelled_on_disconnect():
            entered.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.set()
                raise

    with served(app, loop) as server:
        with server.connect() as connection:
            connection.sendall(request())
            assert entered.wait(10)
        assert cancelled.wait(10)
        eventually(lambda: server.value("http_requests_completed_total", **UNMATCHED, code="499"), 1)
        assert server.telemetry.live.in_flight == set()
