"""The end of a service's life: how long requests may take then, and the response to those that take longer."""

from __future__ import annotations

import asyncio
from time import monotonic

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.serving.connection_age import ending_connection
from services.serving.problems import problem


class Drain:
    """How long a stop may take: `delay` seconds in which requests still come, then `timeout` for what is there."""

    def __init__(self, delay: float, timeout: float) -> None:
        self._delay = delay
        self._timeout = timeout
        self._since: float | None = None

    def begin(self) -> None:
        """Note that the service was told to stop."""
        self._since = monotonic()

    @property
    def begun(self) -> bool:
        """Whether it was told to."""
        return self._since is not None

    @property
    def closing(self) -> bool:
        """Whether requests have come for long enough."""
        return self._since is not None and monotonic() >= self._since + self._delay

    @property
    def over(self) -> bool:
        """Whether requests have had their time."""
        return self._since is not None and self.left == 0

    @property
    def left(self) -> float:
        """The seconds that requests may still take, from the signal on, however late the event loop heard of it."""
        if self._since is None:
            return self._timeout
        return max(0.0, self._since + self._delay + self._timeout - monotonic())


class DrainingMiddleware:
    """Responds with a 503 when the drain is over: to what uvicorn cancels then, and to what had not even begun.

    uvicorn's own response would be a bare 500. Each response that begins while the service drains ends its connection:
    a client that kept it could use it in the moment in which it is closed.
    """

    def __init__(self, app: ASGIApp, drain: Drain) -> None:
        self.app = app
        self.drain = drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, or say why it cannot be."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = True
            if message["type"] == "http.response.start" and self.drain.begun:
                message = ending_connection(message)
            await send(message)

        if self.drain.over:
            # A loop that was blocked finds a queue of them, each as long as the one before.
            await problem(503, "the service has stopped")(scope, receive, watched_send)
            return
        try:
            await self.app(scope, receive, watched_send)
        except asyncio.CancelledError:
            if started or not self.drain.begun:
                raise
            await problem(503, "the service stopped before the response was ready")(scope, receive, watched_send)
