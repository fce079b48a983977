"""uvicorn's HTTP protocol, with a stamp on each request: when it was read, and how long it had lain in the kernel."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from services.telemetry import kernel
from services.telemetry.coalescing import PromptProtocol
from services.telemetry.ledger import SCOPE_KEY, Ledger
from services.telemetry.telemetry import Telemetry


class StampedProtocol(PromptProtocol):
    """Opens a ledger for every request whose headers are complete, and marks it when its client goes away."""

    telemetry: Telemetry

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start a connection."""
        super().connection_made(transport)
        self._socket = kernel.BorrowedSocket(transport)
        self._open: list[tuple[Ledger, RequestResponseCycle]] = []

    def on_headers_complete(self) -> None:
        """Stamp the request, then let uvicorn start (or, behind another on this connection, queue) its task."""
        ledger = Ledger(perf_counter(), kernel.waited(self._socket), self.scope)
        ledger.client_left, ledger.flow = self._client_left, self.flow
        before = self.cycle
        super().on_headers_complete()  # raises for a target that is none
        if self.cycle is before:  # a WebSocket's handshake: uvicorn gives the connection to another protocol
            return
        self.scope[SCOPE_KEY] = ledger  # type: ignore[literal-required]
        self._open = [earlier for earlier in self._open if not earlier[0].finished]
        self._open.append((ledger, self.cycle))
        self.telemetry.live.in_loop.add(ledger)

    def on_response_complete(self) -> None:
        """Let go of a request that was answered before it came to the application: by uvicorn, or by who wraps it."""
        for ledger, cycle in self._open:
            if cycle.response_complete and ledger.entered_at is None:
                ledger.finished = True
                self.telemetry.live.in_loop.discard(ledger)
        super().on_response_complete()

    def _client_left(self) -> bool:
        return kernel.left_by_peer(self._socket)

    def connection_lost(self, exc: Exception | None) -> None:
        """Mark every request that this connection still owed an answer; uvicorn drops those behind the first."""
        unsent = self.flow.write_paused
        self._socket.detach()
        super().connection_lost(exc)
        for ledger, cycle in self._open:
            if not ledger.finished and (unsent or not cycle.response_complete):
                cycle.disconnected = True  # uvicorn tells only the last of them
                cycle.message_event.set()
                ledger.leave()
        self.telemetry.live.in_loop.difference_update(ledger for ledger, _ in self._open)
        self.pipeline.clear()


def stamped_protocol(telemetry: Telemetry, kind: type[StampedProtocol] = StampedProtocol) -> type[StampedProtocol]:
    """Return the protocol class to give to `uvicorn.Config(http=...)`: `kind`, bound to `telemetry`."""
    attributes: dict[str, Any] = {"telemetry": telemetry}
    return type(kind.__name__, (kind,), attributes)
