"""One HTTP request as its application sees it: `receive` and `send`, followed to the last byte."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from inflight.ledger import Ledger
from inflight.server_timing import described, format_server_timing
from inflight.stamp import Connection, current_stamp
from inflight.types import Message, Receive, Scope, Send

if TYPE_CHECKING:
    from inflight.telemetry import Telemetry

CLIENT_CLOSED_REQUEST = 499
"""nginx's code for a client that went away before it had the whole response; no RFC has one."""


LONG = 0.02
"""Seconds after which a client may have left unseen, because the event loop was held meanwhile; to look costs 1 µs."""


class Exchange:
    """Stands between the server's `receive` and `send` and the application's.

    (A class, because two closures and a cell for each of their names cost more on every request's way.)
    """

    __slots__ = ("_connection", "_receive", "_send", "ledger")

    def __init__(self, telemetry: Telemetry, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.ledger, self._connection = open_ledger(telemetry, scope)
        telemetry.live.in_flight.add(self.ledger)

    async def receive(self) -> Message:
        """Return the client's next message, and note how long it took the client to send it."""
        ledger = self.ledger
        if ledger.received:  # what comes now is that the client leaves; to wait for that is no wait
            message = await self._receive()
        else:
            message = await timed(self._receive, ledger)
            ledger.received = not message.get("more_body", False)
        if message["type"] == "http.disconnect":
            ledger.leave()
        return message

    async def send(self, message: Message) -> None:
        """Pass a message on; the request ends with its last one."""
        ledger = self.ledger
        if message["type"] == "http.response.start":
            ledger.first_byte_at = now = perf_counter()
            if now - ledger.entered_at > LONG and self._connection is not None and self._connection.left():
                ledger.leave()
            if ledger.telemetry.blame.resuming is not None:
                ledger.telemetry.blame.held_up(ledger)
            ledger.status = message["status"]
            ledger.response_headers = message.get("headers", ())
            if ledger.telemetry.server_timing:
                timing = format_server_timing(ledger.entries(now))
                if ledger.waited_for is not None and ledger.telemetry.names_lines:
                    timing = described(timing, ledger.waited_for.for_clients)
                message = {**message, "headers": [*ledger.response_headers, (b"server-timing", timing.encode())]}
            await self._send(message)
            return
        await self._send(message)
        if message["type"] == "http.response.body":
            if message.get("more_body", False):
                ledger.sent += len(message.get("body", b""))
            elif self._connection is not None and self._connection.paused:
                # The last bytes are still ours; the request ends when the kernel has them, or nobody wants them.
                self._connection.unsent.append(self.close)
            else:
                self.close()

    def leave(self) -> None:
        """Note that the application is done with the request, whether or not it has finished a response."""
        if not self.ledger.finished and (self._connection is None or not self._connection.unsent):
            # A framework that hears of a client that leaves gives up what is only the end of a body that was whole.
            self.close(0 if self.ledger.whole else 500)

    def close(self, unfinished: int = 0) -> None:
        """Count the request, once; `unfinished` is its code where the application never finished a response."""
        ledger = self.ledger
        if ledger.finished:
            return
        telemetry, now = ledger.telemetry, perf_counter()
        key = telemetry.labels(ledger)
        ledger.finished = True
        telemetry.live.in_flight.discard(ledger)
        telemetry.live.known.add(key)
        if self._connection is not None:
            self._connection.open.discard(ledger)
        code = CLIENT_CLOSED_REQUEST if ledger.disconnected else unfinished or ledger.status
        completed, duration, first_byte = telemetry.metrics.of_request(*key, code)
        completed.inc()
        duration.observe(now - ledger.entered_at)
        if ledger.first_byte_at is not None:
            first_byte.observe(ledger.first_byte_at - ledger.entered_at)
        if ledger.kernel is not None:
            telemetry.metrics.wait.labels("kernel").observe(ledger.kernel)
        if ledger.loop is not None:
            telemetry.metrics.wait.labels("loop").observe(ledger.loop)
            telemetry.blame.victim(ledger)  # it may not have been known when it came
        ledger.scope = {}  # it keeps the request's objects alive


def open_ledger(telemetry: Telemetry, scope: Scope) -> tuple[Ledger, Connection | None]:
    """Return the ledger of a request that begins now, with the stamp of its read, and its connection."""
    now = perf_counter()
    ledger = Ledger(telemetry, scope, now)
    stamp = current_stamp.get() or telemetry.live.stamp_of(scope.get("client"))
    if stamp is None:
        return ledger, None
    connection = stamp.connection
    connection.open.add(ledger)
    if not stamp.used:
        stamp.used = True
        telemetry.live.read.pop(connection, None)
        ledger.read_at = stamp.read_at
        ledger.kernel = stamp.kernel
        ledger.loop = now - stamp.read_at
        telemetry.blame.victim(ledger)
    return ledger, connection


class Receiving:
    """A wait for the client, which sends its body, or its next message, as slowly as it likes."""

    __slots__ = ("since",)
    entry = "receive"

    def __init__(self, since: float) -> None:
        self.since = since


async def timed(receive: Receive, ledger: Ledger) -> Message:
    """Return the next message, and book the time until then."""
    receiving = Receiving(perf_counter())
    ledger.begin(receiving, receiving.since)
    try:
        return await receive()
    finally:
        ledger.end(receiving, perf_counter())
