"""One WebSocket: open from its handshake to its end, its handshake counted with the status of the response."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from inflight.exchange import take_stamp, timed
from inflight.ledger import Ledger
from inflight.types import Message, Receive, Scope, Send

if TYPE_CHECKING:
    from inflight.telemetry import Telemetry

ACCEPTED, REFUSED, FAILED = 101, 403, 500
"""RFC 6455, section 4.2.2; ASGI's own status for a handshake that the application closes; and for one that fails."""


class WebSocket(Ledger):
    """The ledger of one WebSocket, which stands between the server and the application."""

    __slots__ = ("_connection", "_receive", "_send")

    def __init__(self, telemetry: Telemetry, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(telemetry, scope, perf_counter())
        self._receive = receive
        self._send = send
        self._connection = take_stamp(self)
        if self._connection is not None:
            telemetry.live.upgraded.add(self._connection.inode)

    async def receive(self) -> Message:
        """Return the client's next message; the wait for it is the ledger's `receive`."""
        return await timed(self._receive, self)

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        await self._send(message)
        if message["type"] == "websocket.accept":
            self.telemetry.live.websockets.add(self)
            self._shaken(ACCEPTED)
        elif message["type"] == "websocket.close":
            self._shaken(REFUSED)
        elif message["type"] == "websocket.http.response.start":
            self._shaken(message["status"])

    def done(self) -> None:
        """Note that the application is done with it."""
        self._shaken(FAILED)
        live = self.telemetry.live
        live.known_websockets.add(self.telemetry.labels(self)[1])
        self.finished = True
        live.websockets.discard(self)
        if self._connection is not None:
            self._connection.ended(self)
            live.upgraded.discard(self._connection.inode)

    def _shaken(self, status: int) -> None:
        if not self.status:
            self.status = status
            self.telemetry.metrics.handshakes.labels(self.telemetry.labels(self)[1], str(status)).inc()
