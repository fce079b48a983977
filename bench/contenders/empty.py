"""A pure ASGI middleware that does nothing: the least that any of them can cost."""

from __future__ import annotations

from bench.services.app import app
from inflight.types import ASGIApp, Receive, Scope, Send

__all__ = ["app"]


class Empty:
    """Passes everything on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request."""
        await self.app(scope, receive, send)


app.add_middleware(Empty)
