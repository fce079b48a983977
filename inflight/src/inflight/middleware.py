"""Pure ASGI middleware: follows each request and WebSocket, and changes nothing but one response header."""

from __future__ import annotations

from inflight.exchange import Exchange
from inflight.ledger import current_ledger
from inflight.telemetry import Telemetry
from inflight.types import ASGIApp, Message, Receive, Scope, Send
from inflight.websocket import WebSocket

FOLLOWED: dict[str, type[Exchange | WebSocket]] = {"http": Exchange, "websocket": WebSocket}


class Follower:
    """Follows what comes to an application, whose routes need not be the requests' labels."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self.app = app
        self.telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, and follow it."""
        loop = self.telemetry.heartbeat.loop
        if loop is None or loop.is_closed():
            self.telemetry.start()  # with the lifespan; with the first request where an application has none
        followed = FOLLOWED.get(scope["type"])
        if followed is None:
            await self._pass_on(scope, receive, send)
            return
        exchange = followed(self.telemetry, scope, receive, send)
        token = current_ledger.set(exchange)
        try:
            await self.app(scope, exchange.receive, exchange.send)
        finally:
            current_ledger.reset(token)
            exchange.done()

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run a lifespan. One that ends before the shutdown is of an application that has none: it goes on to serve."""
        shutdown = False

        async def noted() -> Message:
            nonlocal shutdown
            message = await receive()
            shutdown = message["type"] == "lifespan.shutdown"
            return message

        await self.app(scope, noted, send)
        if shutdown:
            self.telemetry.stop()


class Middleware(Follower):
    """Stands around the outermost application, where the server calls it."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        super().__init__(app, telemetry)
        telemetry.serves(app)
