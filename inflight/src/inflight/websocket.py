"""One WebSocket: open from its handshake to its end, its handshake counted with the status of the response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inflight.exchange import open_ledger, timed
from inflight.types import Message, Receive, Scope, Send

if TYPE_CHECKING:
    from inflight.telemetry import Telemetry

ACCEPTED, REFUSED, FAILED = 101, 403, 500
"""RFC 6455, section 4.2.2; ASGI's own status for a handshake that the application closes; and for one that fails."""


class WebSocket:
    """Stands between the server's `receive` and `send` and the application's."""

    __slots__ = ("_connection", "_receive", "_send", "ledger")

    def __init__(self, telemetry: Telemetry, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.ledger, self._connection = open_ledger(telemetry, scope)
        if self._connection is not None:
            telemetry.live.upgraded.add(self._connection.inode)

    async def receive(self) -> Message:
        """Return the client's next message; the wait for it is the ledger's `receive`."""
        return await timed(self._receive, self.ledger)

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        await self._send(message)
        if message["type"] == "websocket.accept":
            self.ledger.telemetry.live.websockets.add(self.ledger)
            self._shaken(ACCEPTED)
        elif message["type"] == "websocket.close":
            self._shaken(REFUSED)
        elif message["type"] == "websocket.http.response.start":
            self._shaken(message["status"])

    def leave(self) -> None:
        """Note that the application is done with it."""
        ledger = self.ledger
        self._shaken(FAILED)
        ledger.telemetry.live.known_websockets.add(ledger.telemetry.labels(ledger)[1])
        ledger.finished = True
        ledger.telemetry.live.websockets.discard(ledger)
        if self._connection is not None:
            self._connection.open.discard(ledger)
            ledger.telemetry.live.upgraded.discard(self._connection.inode)

    def _shaken(self, status: int) -> None:
        ledger = self.ledger
        if not ledger.status:
            ledger.status = status
            ledger.telemetry.metrics.handshakes.labels(ledger.telemetry.labels(ledger)[1], str(status)).inc()
