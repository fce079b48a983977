"""Pure ASGI middleware: opens each request's ledger, sends it as `Server-Timing`, counts the request at its end."""

from __future__ import annotations

import asyncio
from time import perf_counter

from prometheus_client import Counter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.telemetry import kernel
from services.telemetry.histogram import Child
from services.telemetry.labels import method_label, route_label
from services.telemetry.ledger import SCOPE_KEY, Ledger, current_ledger, unread_ledger
from services.telemetry.server_timing import format_server_timing
from services.telemetry.telemetry import Telemetry

CLIENT_CLOSED_REQUEST = 499
"""nginx's code for a client that went away before it was answered; no RFC has one."""


class TelemetryMiddleware:
    """Follows each HTTP request from the application's door to its last byte; everything else is passed straight on."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self.app = app
        self.live = telemetry.live
        self.metrics = telemetry.metrics
        # Bound only where the kernel can be asked: a series for it would say 0 where nothing is known.
        self._kernel_wait = self.metrics.wait.labels("kernel") if kernel.AVAILABLE else None
        self._bound: dict[tuple[str, str, int], tuple[Counter, Child]] = {}
        self._loop_wait = self.metrics.wait.labels("loop")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, and follow it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        ledger = self._open(scope)

        async def watched_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                ledger.status = message["status"]
                ledger.disconnected = ledger.disconnected or ledger.client_left()
                timing = format_server_timing(ledger.entries(perf_counter())).encode()
                message["headers"] = [*message.get("headers", ()), (b"server-timing", timing)]
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                try:
                    if ledger.flow is not None and ledger.flow.write_paused:
                        await ledger.flow.drain()
                finally:  # who is cancelled here has answered
                    self._close(ledger)

        async def watched_receive() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect" and not ledger.finished:
                ledger.disconnected = True
            return message

        stamped = SCOPE_KEY in scope  # then the protocol sees a client leave, whether or not the application asks
        token = current_ledger.set(ledger)
        try:
            await self.app(scope, receive if stamped else watched_receive, watched_send)
        except asyncio.CancelledError:
            if not ledger.disconnected:
                raise
            # The client has gone and its work was cancelled for that: this is how such a request ends, not an error.
        finally:
            current_ledger.reset(token)
            self._close(ledger, 500)

    def _open(self, scope: Scope) -> Ledger:
        ledger: Ledger = scope.get(SCOPE_KEY) or unread_ledger()
        ledger.scope = scope
        ledger.enter(perf_counter())
        self.live.in_loop.discard(ledger)
        self.live.in_flight.add(ledger)
        if ledger.kernel is not None and self._kernel_wait is not None:
            self._kernel_wait.observe(ledger.kernel)
        return ledger

    def _close(self, ledger: Ledger, unanswered: int = 0) -> None:
        """Count the request, once; `unanswered` is its code where the application never finished an answer."""
        if ledger.finished:
            return
        ledger.finished = True
        self.live.in_flight.discard(ledger)
        self._loop_wait.observe(ledger.loop or 0.0)
        method, route = method_label(ledger.scope), route_label(ledger.scope)
        code = CLIENT_CLOSED_REQUEST if ledger.disconnected else unanswered or ledger.status
        ledger.forget()
        completed, duration = self._children(method, route, code)
        completed.inc()
        duration.observe(perf_counter() - (ledger.entered_at or 0.0))

    def _children(self, method: str, route: str, code: int) -> tuple[Counter, Child]:
        """Return the metrics' children for these labels, bound once: looking them up costs as much as counting."""
        children = self._bound.get((method, route, code))
        if children is None:
            self.live.known.add((method, route))
            completed = self.metrics.completed.labels(method, route, str(code))
            children = self._bound[method, route, code] = completed, self.metrics.duration.labels(method, route)
        return children
