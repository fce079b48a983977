"""The middleware and what it puts between server and application, around applications as small as can be."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from inflight.ledger import current_ledger
from inflight.middleware import Middleware
from inflight.requests.page import state_of
from inflight.server_timing import parse_server_timing
from inflight.telemetry import Telemetry
from inflight.types import Message, Receive, Scope, Send
from inflight.waits import upstream
from tests.eventually import eventually
from tests.inflight.asgi import call, http_scope
from tests.inflight.server import Served, read_all, read_until, request, respond, served, timing_of

START: Message = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]}
LARGE = 32 * 1024 * 1024
"""Bytes: more than the kernel's buffers at both ends of a connection."""
UNMATCHED = {"method": "GET", "route": "unmatched"}


async def in_pieces(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Respond in two pieces."""
    await send(dict(START))
    await send({"type": "http.response.body", "body": b"go", "more_body": True})
    await send({"type": "http.response.body", "body": b"ne"})


def test_a_response_is_counted_timed_and_passed_on() -> None:
    """One request: one completed, one duration, one first byte; the application's own messages reach the server."""
    telemetry = Telemetry()
    sent = call(Middleware(in_pieces, telemetry), http_scope())
    assert [message["type"] for message in sent] == ["http.response.start", *["http.response.body"] * 2]
    value = telemetry.registry.get_sample_value
    assert value("http_requests_completed_total", {**UNMATCHED, "code": "200"}) == 1
    assert value("http_request_duration_seconds_count", UNMATCHED) == 1
    assert value("http_request_first_byte_seconds_count", UNMATCHED) == 1
    assert value("http_requests_in_flight", UNMATCHED) == 0  # also where no scrape saw it in flight


def test_a_routes_first_error_is_a_step_from_0() -> None:
    """Else `rate` would not see it: a series' first value is no increase."""
    telemetry = Telemetry()
    call(Middleware(in_pieces, telemetry), http_scope())
    assert telemetry.registry.get_sample_value("http_requests_completed_total", {**UNMATCHED, "code": "500"}) == 0


def test_without_a_stamp_nothing_is_said_of_kernel_and_loop() -> None:
    """A server that is not watched: their series are absent, and so are their entries of the header."""
    telemetry = Telemetry()
    sent = call(Middleware(in_pieces, telemetry), http_scope())
    (_, length), (name, timing) = sent[0]["headers"]
    assert (length, name) == (b"4", b"server-timing")
    assert set(parse_server_timing(timing.decode())) == {"total"}
    assert set(telemetry.live.waiting()) == {"thread"}
    for queue in ("kernel", "loop", "pool"):
        assert telemetry.registry.get_sample_value("http_request_wait_seconds_count", {"queue": queue}) is None


def test_the_header_can_be_left_out() -> None:
    """Then the response is the application's to the letter."""
    sent = call(Middleware(in_pieces, Telemetry(server_timing=False)), http_scope())
    assert sent[0] == START


def test_an_applications_own_message_is_not_changed() -> None:
    """A response object that is sent twice must not gather headers."""
    call(Middleware(in_pieces, Telemetry()), http_scope())
    assert START["headers"] == [(b"content-length", b"4")]


@pytest.mark.parametrize("begins", [True, False])
def test_an_exception_is_a_500_and_goes_on_to_the_server(begins: bool) -> None:
    """What fails is counted, whether or not its response had begun, and not swallowed."""

    async def fails(_scope: Scope, _receive: Receive, send: Send) -> None:
        if begins:
            await send(dict(START))
        raise ZeroDivisionError

    telemetry = Telemetry()
    with pytest.raises(ZeroDivisionError):
        call(Middleware(fails, telemetry), http_scope())
    assert telemetry.registry.get_sample_value("http_requests_completed_total", {**UNMATCHED, "code": "500"}) == 1
    assert not telemetry.live.in_flight


@pytest.mark.parametrize("shutdown", [True, False])
def test_a_lifespan_is_passed_straight_on_and_ends_the_heartbeat(shutdown: bool) -> None:
    """It is nobody's request. One that ends before the shutdown is of an application without, which serves on."""
    seen: list[tuple[str, bool]] = []

    async def app(scope: Scope, receive: Receive, _send: Send) -> None:
        assert current_ledger.get() is None
        seen.append((scope["type"], telemetry.heartbeat.last is not None))
        assert not shutdown or (await receive())["type"] == "lifespan.shutdown"

    async def receive() -> Message:
        return {"type": "lifespan.shutdown"}

    async def send(_message: Message) -> None:
        pass

    async def run() -> None:
        await Middleware(app, telemetry)({"type": "lifespan"}, receive, send)

    telemetry = Telemetry()
    asyncio.run(run())
    assert seen == [("lifespan", True)]
    assert (telemetry.heartbeat.last is None) is shutdown
    telemetry.stop()


def test_made_up_methods_and_paths_make_no_series() -> None:
    """A hundred different requests are one series."""
    telemetry = Telemetry()
    app = Middleware(in_pieces, telemetry)
    for number in range(100):
        call(app, http_scope(f"/{number}", f"BREW{number}"))
    labels = {"method": "OTHER", "route": "unmatched", "code": "200"}
    assert telemetry.registry.get_sample_value("http_requests_completed_total", labels) == 100


class Gate:
    """An application that goes on with its response when the test says so."""

    def __init__(self) -> None:
        self.opened = threading.Event()

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send(dict(START))
        await send({"type": "http.response.body", "body": b"go", "more_body": True})
        while not self.opened.is_set():  # noqa: ASYNC110 - another thread sets it
            await asyncio.sleep(0.005)
        await send({"type": "http.response.body", "body": b"ne"})


@pytest.fixture
def gate() -> Gate:
    """A closed gate."""
    return Gate()


@pytest.fixture
def gated(gate: Gate, loop: str, http: str) -> Iterator[Served]:
    """A real server of the gate, on each event loop and parser."""
    with served(gate, loop, http) as server:
        yield server
        gate.opened.set()


def test_in_flight_until_the_last_byte(gate: Gate, gated: Served) -> None:
    """A request whose body still streams is in flight; `BaseHTTPMiddleware` would have let go at the first byte."""
    with gated.connect() as connection:
        connection.sendall(request(close=True))
        read_until(connection, b"go")
        assert gated.value("http_requests_in_flight", **UNMATCHED) == 1
        assert gated.value("http_requests_completed_total", **UNMATCHED, code="200") is None
        gate.opened.set()
        assert read_all(connection).endswith(b"ne")
    eventually(lambda: gated.value("http_requests_completed_total", **UNMATCHED, code="200"), 1)
    assert gated.value("http_requests_in_flight", **UNMATCHED) == 0


def test_a_client_that_leaves_is_a_499(gate: Gate, gated: Served) -> None:
    """It is neither a 5xx nor lost, and the gauge falls, although the application goes on for nobody."""
    with gated.connect() as connection:
        connection.sendall(request())
        read_until(connection, b"go")
    eventually(lambda: all(ledger.disconnected for ledger in gated.telemetry.live.in_flight), wanted=True)
    gate.opened.set()
    eventually(lambda: gated.value("http_requests_completed_total", **UNMATCHED, code="499"), 1)
    assert gated.value("http_requests_in_flight", **UNMATCHED) == 0


def test_a_client_that_has_all_bytes_and_closes_is_a_200(loop: str, http: str) -> None:
    """Even if the application says only later that there is no more."""
    closed = threading.Event()

    async def late_to_end(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(dict(START))
        await send({"type": "http.response.body", "body": b"gone", "more_body": True})
        while not closed.is_set():  # noqa: ASYNC110 - another thread sets it
            await asyncio.sleep(0.005)
        await send({"type": "http.response.body", "body": b""})

    with served(late_to_end, loop, http) as server:
        with server.connect() as connection:
            connection.sendall(request())
            read_until(connection, b"gone")
        eventually(lambda: len(server.server.server_state.connections), 0)
        closed.set()
        eventually(lambda: server.value("http_requests_completed_total", **UNMATCHED, code="200"), 1)


def test_a_body_that_comes_slowly_is_the_clients_time(loop: str, http: str) -> None:
    """`receive` is neither the application's time nor a queue's; to wait for the client to leave is no wait."""
    asked = threading.Event()

    async def reads(_scope: Scope, receive: Receive, send: Send) -> None:
        asked.set()
        assert (await receive())["body"] == b"body"
        await respond(send)
        assert (await receive())["type"] == "http.disconnect"

    with served(reads, loop, http) as server, server.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nConnection: close\r\n\r\n")
        assert asked.wait(10)
        (ledger,) = server.telemetry.live.in_flight
        eventually(lambda: [doing.entry for doing in ledger.active], ["receive"])
        connection.sendall(b"body")
        timing = timing_of(read_all(connection))
        assert timing["receive"] > 0
        assert timing["loop"] < timing["total"]


async def _large(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Respond with more than the kernel's buffers hold."""
    await respond(send, bytes(LARGE))


def test_a_client_that_takes_a_response_slowly_is_no_time_of_the_upstreams(loop: str, http: str) -> None:
    """A relay reads on when its client takes more: until then the call is not at its upstream."""

    async def relay(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        with upstream("there"):
            for _ in range(32):
                await send({"type": "http.response.body", "body": bytes(LARGE // 32), "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    with served(relay, loop, http) as server, server.connect() as connection:
        connection.sendall(request(close=True))
        read_until(connection, b"\r\n\r\n")
        (ledger,) = server.telemetry.live.in_flight
        eventually(lambda: server.value("http_client_requests_in_flight", upstream="there"), 0)
        time.sleep(0.5)  # so long the client takes nothing
        assert state_of(ledger)[0] == "body"
        while connection.recv(65536):
            pass
        eventually(
            lambda: server.value("http_client_request_duration_seconds_count", upstream="there", outcome="ok"), 1
        )
        took = server.value("http_client_request_duration_seconds_sum", upstream="there", outcome="ok")
        whole = server.value("http_request_duration_seconds_sum", **UNMATCHED)
    assert took is not None
    assert whole is not None
    assert took + 0.5 <= whole


@pytest.mark.parametrize("close", [True, False])
@pytest.mark.parametrize(("reads", "code"), [(True, "200"), (False, "499")])
def test_a_request_is_in_flight_until_the_kernel_has_its_last_byte(
    loop: str, close: bool, reads: bool, code: str
) -> None:
    """The application is long done with it; a client that never reads the rest does not have its response."""
    with served(_large, loop) as server, server.connect() as connection:
        connection.sendall(request(close=close))
        read_until(connection, b"\r\n\r\n")
        assert server.value("http_requests_in_flight", **UNMATCHED) == 1
        left = LARGE if reads else 0
        while left:
            left -= len(connection.recv(min(left, 65536)))
        if not reads:
            connection.close()
        eventually(lambda: server.value("http_requests_completed_total", **UNMATCHED, code=code), 1)
        assert server.value("http_requests_in_flight", **UNMATCHED) == 0


def test_a_request_that_fails_behind_an_unsent_response_leaves_the_gauge(loop: str) -> None:
    """Two on one connection, the second sent ahead: it has no last byte that could still be ours."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/fails":
            raise ZeroDivisionError
        await _large(scope, receive, send)

    with served(app, loop) as server, server.connect() as connection:
        connection.sendall(request("/large") + request("/fails"))
        read_all(connection)  # uvicorn closes after the second
        eventually(lambda: server.value("http_requests_completed_total", **UNMATCHED, code="200"), 1)
        eventually(lambda: server.value("http_requests_completed_total", **UNMATCHED, code="500"), 1)
        assert server.value("http_requests_in_flight", **UNMATCHED) == 0
