"""Pure ASGI middleware: beyond a number of requests in flight, respond 503 at once instead of letting a queue grow."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from services.serving.problems import problem

RETRY_AFTER = 1
"""Seconds that a refused client is asked to wait."""


class SheddingMiddleware:
    """Lets `limit` requests in at a time and refuses the rest."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit
        self.inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self.inside >= self.limit:
            detail = f"{self.limit} requests are in flight, which is this service's limit (MAX_IN_FLIGHT)"
            await problem(503, detail, {"Retry-After": str(RETRY_AFTER)})(scope, receive, send)
            return
        self.inside += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.inside -= 1
