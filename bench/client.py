"""A lean HTTP client for bursts: asyncio protocols and a few bytes of parsing, so that it costs less than what it asks.

It understands what the servers here say: HTTP/1.1 with a Content-Length, on kept-alive connections.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeVar

import uvloop

from services.lab.process import LOOPBACK

LENGTH = b"content-length:"
END = b"\r\n\r\n"
TIMEOUT = 60.0
"""Seconds after which a request counts as lost."""
OK = "200"
CONNECTIONS = 16

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Burst:
    """Requests sent at once: seconds until the last was answered, and how many ended how (a status, or an error)."""

    seconds: float
    outcomes: dict[str, int]

    @property
    def failed(self) -> int:
        """How many were refused, lost, or not answered with 200."""
        return sum(count for outcome, count in self.outcomes.items() if outcome != OK)


class Connection(asyncio.Protocol):
    """One connection; it carries one request at a time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep the transport."""
        self.transport = transport
        self._received = b""
        self._response: asyncio.Future[str] | None = None

    def ask(self, request: bytes) -> asyncio.Future[str]:
        """Send the request; the future is its response's status."""
        self._received = b""
        self._response = asyncio.get_running_loop().create_future()
        if self.transport.is_closing():
            self._response.set_exception(ConnectionResetError("the connection was closed"))
        else:
            self.transport.write(request)
        return self._response

    def data_received(self, data: bytes) -> None:
        """Finish the request when its response is whole."""
        self._received += data
        response = self._response
        if response is None or response.done():
            return
        try:
            status = whole(self._received)
        except ValueError as error:
            response.set_exception(error)
            return
        if status is not None:
            response.set_result(status)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the request whose response did not come."""
        if self._response is not None and not self._response.done():
            self._response.set_exception(exc or ConnectionResetError("the connection was closed"))


class Client:
    """Sends to one port of loopback, on as many connections as there are requests at once."""

    def __init__(self, port: int, path: str = "/task1") -> None:
        self.port = port
        self.request = f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\n\r\n".encode()
        self._idle: list[Connection] = []

    async def get(self) -> str:
        """Send one request; return its response's status, or the name of the error that it ended with."""
        try:
            async with asyncio.timeout(TIMEOUT):
                connection = self._idle.pop() if self._idle else await self._connect()
                status = await connection.ask(self.request)
        except (OSError, ValueError) as error:
            return type(error).__name__
        self._idle.append(connection)
        return status

    async def burst(self, count: int) -> Burst:
        """Send so many requests at once and wait for the last of them."""
        started = perf_counter()
        outcomes = await asyncio.gather(*(self.get() for _ in range(count)))
        return Burst(perf_counter() - started, dict(Counter(outcomes)))

    async def keep_busy(self, count: int, connections: int) -> dict[str, int]:
        """Send `count` requests, on each connection the next one when the last is answered; return how they ended."""
        left = iter(range(count))

        async def one_after_another() -> list[str]:
            return [await self.get() for _ in left]

        ended = await asyncio.gather(*(one_after_another() for _ in range(connections)))
        return dict(Counter(outcome for each in ended for outcome in each))

    def close(self) -> None:
        """Close the connections."""
        for connection in self._idle:
            connection.transport.close()
        self._idle.clear()

    async def _connect(self) -> Connection:
        _transport, connection = await asyncio.get_running_loop().create_connection(Connection, LOOPBACK, self.port)
        return connection


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` on uvloop and return its result."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def warm(port: int, path: str, count: int) -> dict[str, int]:
    """Send so many requests over a few connections; return how they ended."""

    async def sent() -> dict[str, int]:
        client = Client(port, path)
        try:
            return await client.keep_busy(count, CONNECTIONS)
        finally:
            client.close()
            await asyncio.sleep(0)  # the transports close in the loop's next turn

    return run(sent())


def burst(port: int, count: int) -> Burst:
    """Send one burst from a client of its own."""

    async def once() -> Burst:
        client = Client(port)
        try:
            return await client.burst(count)
        finally:
            client.close()
            await asyncio.sleep(0)  # the transports close in the loop's next turn

    return run(once())


def whole(received: bytes) -> str | None:
    """Return the status of a response that has come whole, None while more of it is to come.

    Raises ValueError for what is no HTTP response with a Content-Length.
    """
    head, end, body = received.partition(END)
    if not end:
        return None
    if not head.startswith(b"HTTP/1.1 "):
        raise ValueError("not an HTTP response")
    for line in head.split(b"\r\n")[1:]:
        if line[: len(LENGTH)].lower() == LENGTH:
            return head[9:12].decode() if len(body) >= int(line[len(LENGTH) :]) else None
    raise ValueError("a response without a length")
