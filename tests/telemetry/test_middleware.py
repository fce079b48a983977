"""The middleware, around applications as small as can be."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from starlette.types import Message, Receive, Scope, Send

from services.telemetry import Telemetry, current_ledger
from services.telemetry.middleware import TelemetryMiddleware
from services.telemetry.server_timing import parse_server_timing
from tests.eventually import eventually
from tests.telemetry.asgi import call, http_scope
from tests.telemetry.server import Served, read_all, read_until, request, served

START: Message = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]}
LARGE = 32 * 1024 * 1024
"""Bytes: more than the kernel's buffers at both ends of a connection."""
UNMATCHED = {"method": "GET", "route": "unmatched"}


async def answers(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer in two pieces."""
    await send(dict(START))
    await send({"type": "http.response.body", "body": b"go", "more_body": True})
    await send({"type": "http.response.body", "body": b"ne"})


def test_an_answer_is_counted_timed_and_passed_on() -> None:
    """One request: one completed, one duration, and the application's own messages reach the server."""
    telemetry = Telemetry()
    sent = call(TelemetryMiddleware(answers, telemetry), http_scope())
    assert [message["type"] for message in sent] == ["http.response.start", *["http.response.body"] * 2]
    value = telemetry.registry.get_sample_value
    assert value("http_requests_completed_total", {**UNMATCHED, "code": "200"}) == 1
    assert value("http_request_duration_seconds_count", UNMATCHED) == 1
    assert value("http_request_wait_seconds_count", {"queue": "loop"}) == 1
    assert value("http_requests_in_flight", UNMATCHED) == 0  # also where no scrape saw it in flight


def test_server_timing_is_added_to_the_applications_headers() -> None:
    """Entries that nobody measured are left out; the application's headers stay."""
    sent = call(TelemetryMiddleware(answers, Telemetry()), http_scope())
    (_, length), (name, timing) = sent[0]["headers"]
    assert (length, name) == (b"4", b"server-timing")
    assert set(parse_server_timing(timing.decode())) == {"loop", "total"}


def test_an_applications_own_message_is_not_changed() -> None:
    """A response object that is sent twice must not gather headers."""
    call(TelemetryMiddleware(answers, Telemetry()), http_scope())
    assert START["headers"] == [(b"content-length", b"4")]


def test_an_exception_is_a_500_and_goes_on_to_the_server() -> None:
    """What fails is counted, and not swallowed."""

    async def fails(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ZeroDivisionError

    telemetry = Telemetry()
    with pytest.raises(ZeroDivisionError):
        call(TelemetryMiddleware(fails, telemetry), http_scope())
    assert telemetry.registry.get_sample_value("http_requests_completed_total", {**UNMATCHED, "code": "500"}) == 1
    assert not telemetry.live.in_flight


def test_what_is_not_http_is_passed_straight_on() -> None:
    """Lifespan and websockets are none of its business."""
    seen: list[str] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["type"])
        assert current_ledger.get() is None

    telemetry = Telemetry()
    call(TelemetryMiddleware(app, telemetry), {"type": "lifespan"})
    assert seen == ["lifespan"]


def test_made_up_methods_and_paths_make_no_series() -> None:
    """A hundred different requests are one series."""
    telemetry = Telemetry()
    app = TelemetryMiddleware(answers, telemetry)
    for number in range(100):
        call(app, http_scope(f"/{number}", f"BREW{number}"))
    labels = {"method": "OTHER", "route": "unmatched", "code": "200"}
    assert telemetry.registry.get_sample_value("http_requests_completed_total", labels) == 100


class Gate:
    """An application that answers when the test says so, and says what its ledger is."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.entered = threading.Event()

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        self.entered.set()
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
def gated(gate: Gate, loop: str) -> Iterator[Served]:
    """A real server of the gate, on each event loop."""
    with served(gate, loop) as server:
        yield server
        gate.opened.set()


def test_in_flight_until_the_last_byte(gate: Gate, gated: Served) -> None:
    """A request whose body still streams is in flight; `BaseHTTPMiddleware` would have let go at the first byte."""
    with gated.connect() as connection:
        connection.sendall(request(close=True))
        read_until(connection, b"go")
        assert gated.value("http_requests_in_flight", **UNMATCHED) == 1
        assert gated.value("http_requests_completed_total", **UNMATCHED, code="200") == 0
        gate.opened.set()
        assert read_all(connection).endswith(b"ne")
    eventually(lambda: gated.value("http_requests_completed_total", **UNMATCHED, code="200"), 1)
    assert gated.value("http_requests_in_flight", **UNMATCHED) == 0


def test_a_client_that_leaves_is_a_499(gate: Gate, gated: Served) -> None:
    """It is neither a 5xx nor lost, and the gauge falls, although the application goes on to answer nobody."""
    with gated.connect() as connection:
        connection.sendall(request())
        read_until(connection, b"go")
    eventually(lambda: all(ledger.disconnected for ledger in gated.telemetry.live.in_flight), wanted=True)
    gate.opened.set()
    eventually(lambda: gated.value("http_requests_completed_total", **UNMATCHED, code="499"), 1)
    assert gated.value("http_requests_in_flight", **UNMATCHED) == 0


async def _large(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer with more than the kernel's buffers hold."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % LARGE)]})
    await send({"type": "http.response.body", "body": bytes(LARGE)})


@pytest.mark.parametrize("close", [True, False])
@pytest.mark.parametrize(("reads", "code"), [(True, "200"), (False, "499")])
def test_an_answer_is_under_way_until_its_last_byte_is_sent(loop: str, close: bool, reads: bool, code: str) -> None:
    """The application is long done with it; a client that never reads the rest has not been answered."""
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


def test_without_the_protocol_the_rest_still_works(gate: Gate) -> None:
    """Uvicorn's own protocol stamps nothing: the kernel's wait is absent, and everything else is there."""
    gate.opened.set()
    with served(gate, stamped=False) as server:
        head = server.get().partition(b"\r\n\r\n")[0].decode()
        timing = next(line.partition(":")[2] for line in head.split("\r\n") if line.startswith("server-timing"))
        assert set(parse_server_timing(timing)) == {"loop", "total"}
        assert server.value("http_requests_completed_total", **UNMATCHED, code="200") == 1
