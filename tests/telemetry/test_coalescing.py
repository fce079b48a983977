"""Head and body as one write."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from starlette.types import Receive, Scope, Send

from services.telemetry.coalescing import CoalescingTransport
from tests.telemetry.server import read_until, request, served

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class FakeTransport:
    """Notes what is written, and that it was closed."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def close(self) -> None:
        self.writes.append(b"closed")

    def is_closing(self) -> bool:
        return b"closed" in self.writes

    def get_extra_info(self, name: str) -> str:
        return f"info on {name}"


class FakeLoop:
    """Keeps what is to be called soon."""

    def __init__(self) -> None:
        self.soon: list[Callable[[], None]] = []

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.soon.append(callback)


def coalescing() -> tuple[Any, FakeTransport, FakeLoop]:
    """Return the transport, the one beneath it, and the loop."""
    transport, loop = FakeTransport(), FakeLoop()
    return CoalescingTransport(transport, loop), transport, loop  # type: ignore[arg-type]


def test_head_and_body_are_one_write() -> None:
    """And the turn of the loop that would have flushed the head finds nothing to do."""
    transport, beneath, loop = coalescing()
    transport.write(HEAD)
    assert beneath.writes == []
    transport.write(b"body")
    transport.write(b"more")
    loop.soon[0]()
    assert beneath.writes == [HEAD + b"body", b"more"]


def test_a_head_alone_leaves_with_the_loops_next_turn() -> None:
    """A stream's first bytes may be long in coming: its head is not held up for them."""
    transport, beneath, loop = coalescing()
    transport.write(HEAD)
    loop.soon[0]()
    transport.write(b"body")
    assert beneath.writes == [HEAD, b"body"]


def test_nothing_is_lost_or_turned_around() -> None:
    """Not when a body looks like a head, not when the connection is closed."""
    transport, beneath, _ = coalescing()
    for data in (HEAD, HEAD, b"HTTP/1.1 in a body", b"x"):
        transport.write(data)
    transport.close()
    assert b"".join(beneath.writes) == HEAD + HEAD + b"HTTP/1.1 in a body" + b"x" + b"closed"
    assert transport.is_closing()


def test_the_rest_is_the_transports_own() -> None:
    """Uvicorn asks it for addresses, among other things."""
    transport, _, _ = coalescing()
    assert transport.get_extra_info("peername") == "info on peername"


def test_a_streams_head_comes_before_its_body(loop: str) -> None:
    """A real client reads the head while the application still works on the body."""
    gate = threading.Event()

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        while not gate.is_set():  # noqa: ASYNC110 - another thread sets it
            await asyncio.sleep(0.005)
        await send({"type": "http.response.body", "body": b"ok"})

    with served(app, loop) as server, server.connect() as connection:
        connection.sendall(request())
        assert read_until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 200")
        gate.set()
        assert read_until(connection, b"ok") == b"ok"
