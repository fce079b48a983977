"""Pure ASGI middleware: a request that is cut off because the service stops is told so, with a 503."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send

from services.problems import problem
from services.telemetry import current_ledger


class DrainingMiddleware:
    """Answers a request that uvicorn cancels at the end of the drain timeout; its own answer would be a bare 500.

    Stands inside the telemetry, whose ledger knows whether an answer has begun.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, or say why it cannot be."""
        try:
            await self.app(scope, receive, send)
        except asyncio.CancelledError:
            ledger = current_ledger.get()
            if ledger is None or ledger.status or ledger.disconnected:
                raise
            await problem(503, "the service stopped before the answer was ready")(scope, receive, send)
