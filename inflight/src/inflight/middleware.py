"""Pure ASGI middleware: follows each request and WebSocket, and changes nothing but one response header."""

from __future__ import annotations

from inflight.exchange import Exchange
from inflight.ledger import current_ledger
from inflight.telemetry import Telemetry
from inflight.types import ASGIApp, Receive, Scope, Send
from inflight.websocket import WebSocket

FOLLOWED: dict[str, type[Exchange | WebSocket]] = {"http": Exchange, "websocket": WebSocket}


class Middleware:
    """Stands around the outermost application, where the server calls it."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self.app = app
        self.telemetry = telemetry
        telemetry.serves(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, and follow it."""
        if self.telemetry.heartbeat.last is None:
            self.telemetry.start()  # with the lifespan; with the first request where an application has none
        followed = FOLLOWED.get(scope["type"])
        if followed is None:
            await self.app(scope, receive, send)
            if scope["type"] == "lifespan":
                self.telemetry.stop()
            return
        exchange = followed(self.telemetry, scope, receive, send)
        token = current_ledger.set(exchange.ledger)
        try:
            await self.app(scope, exchange.receive, exchange.send)
        finally:
            current_ledger.reset(token)
            exchange.leave()
