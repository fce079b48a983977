"""One HTTP request as its application sees it: `receive` and `send`, followed to the last byte."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from inflight.ledger import Ledger
from inflight.server_timing import ledger_header
from inflight.stamp import Connection, current_stamp
from inflight.types import Message, Receive, Scope, Send

if TYPE_CHECKING:
    from inflight.telemetry import Telemetry

CLIENT_CLOSED_REQUEST = 499
"""nginx's code for a client that went away before it had the whole response; no RFC has one."""


LONG = 0.02
"""Seconds after which a client may have left unseen, because the event loop was held meanwhile; to look costs 1 µs."""


class Exchange(Ledger):
    """The ledger of one request, which keeps itself: it stands between the server and the application.

    (One object for both, because a second one, and the way to it, cost more on every request's way.)
    """

    __slots__ = ("_connection", "_receive", "_send")

    def __init__(self, telemetry: Telemetry, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(telemetry, scope, perf_counter())
        self._receive = receive
        self._send = send
        self._connection = take_stamp(self)
        telemetry.live.in_flight.add(self)

    async def receive(self) -> Message:
        """Return the client's next message, and note how long it took the client to send it."""
        if self.received:  # what comes now is that the client leaves; to wait for that is no wait
            message = await self._receive()
        else:
            message = await timed(self._receive, self)
            self.received = not message.get("more_body", False)
        if message["type"] == "http.disconnect":
            self.client_left()
        return message

    async def send(self, message: Message) -> None:
        """Pass a message on; the request ends with its last one."""
        connection = self._connection
        if message["type"] == "http.response.start":
            self.first_byte_at = now = perf_counter()
            if now - self.entered_at > LONG and connection is not None and connection.left():
                self.client_left()
            if self.telemetry.blame.resuming is not None:
                self.telemetry.blame.held_up(self)
            self.status = message["status"]
            self.response_headers = headers = message.get("headers", ())
            if self.telemetry.server_timing:
                timing = (b"server-timing", ledger_header(self, now))
                message = {**message, "headers": [*headers, timing]}
            await self._send(message)
            return
        await self._send(message)
        if message["type"] == "http.response.body":
            if message.get("more_body", False):
                self.sent += len(message.get("body", b""))
            elif connection is not None and connection.paused:
                # The last bytes are still ours; the request ends when the kernel has them, or nobody wants them.
                connection.unsent += (self.close,)
            else:
                self.close()

    def done(self) -> None:
        """Note that the application is done with the request, whether or not it has finished a response."""
        if not self.finished and (self._connection is None or self.close not in self._connection.unsent):
            # A framework that hears of a client that leaves gives up what is only the end of a body that was whole.
            self.close(0 if self.whole else 500)

    def close(self, unfinished: int = 0) -> None:
        """Count the request, once; `unfinished` is its code where the application never finished a response."""
        if self.finished:
            return
        telemetry, now = self.telemetry, perf_counter()
        method, route = telemetry.labels(self)
        self.finished = True
        telemetry.live.in_flight.discard(self)
        if self._connection is not None:
            self._connection.ended(self)
        code = CLIENT_CLOSED_REQUEST if self.disconnected else unfinished or self.status
        duration, first_byte = telemetry.metrics.completed.of(method, route, code)
        duration.observe(now - self.entered_at)
        if self.first_byte_at is not None:
            first_byte.observe(self.first_byte_at - self.entered_at)
        if self.kernel is not None:
            telemetry.metrics.wait.labels("kernel").observe(self.kernel)
        if self.loop is not None:
            telemetry.metrics.wait.labels("loop").observe(self.loop)
            telemetry.blame.victim(self)  # it may not have been known when it came
        self.scope = {}  # it keeps the request's objects alive


def take_stamp(ledger: Ledger) -> Connection | None:
    """Book the waits before a request's beginning, as the stamp of its read has them, and return its connection."""
    telemetry = ledger.telemetry
    stamp = current_stamp.get() or telemetry.live.stamp_of(ledger.scope.get("client"))
    if stamp is None:
        return None
    connection = stamp.connection
    connection.open.append(ledger)
    if not stamp.used:
        stamp.used = True
        telemetry.live.read.pop(connection, None)
        ledger.read_at = stamp.read_at
        ledger.kernel = stamp.kernel
        ledger.loop = ledger.entered_at - stamp.read_at
        telemetry.blame.victim(ledger)
    return connection


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
