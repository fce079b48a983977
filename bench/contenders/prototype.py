"""The limit of what knows a request's waits: stamp, ledger and header of the prototypes, and no metric at all."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from contextvars import ContextVar
from time import perf_counter
from typing import Any

import uvicorn
from anyio import to_thread
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bench.services.app import app
from inflight.types import Message, Receive, Scope, Send

STAMP: ContextVar[tuple[float, float] | None] = ContextVar("STAMP", default=None)
LEDGER: ContextVar[dict[str, float] | None] = ContextVar("LEDGER", default=None)


class Stamped(HttpToolsProtocol):
    """Notes when a request was read, and for how long it had lain unread."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep the socket."""
        self._sock = transport.get_extra_info("socket")
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Stamp the read."""
        info = self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 56)
        token = STAMP.set((perf_counter(), struct.unpack_from("=I", info, 52)[0] / 1000))
        try:
            super().data_received(data)
        finally:
            STAMP.reset(token)


def time_thread_waits() -> None:
    """Time each wait for a thread of anyio's pool."""
    limiter = to_thread.current_default_thread_limiter()
    kind: Any = type(limiter)

    class Timed(kind):  # type: ignore[misc]
        __slots__ = ()

        async def acquire_on_behalf_of(self, borrower: object) -> None:
            began = perf_counter()
            await super().acquire_on_behalf_of(borrower)
            ledger = LEDGER.get()
            if ledger is not None:
                ledger["thread"] = ledger.get("thread", 0.0) + perf_counter() - began

    limiter.__class__ = Timed


async def measured(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a request, its waits in the `Server-Timing` header."""
    if scope["type"] != "http":
        time_thread_waits()
        await app(scope, receive, send)
        return
    stamp, entered, ledger = STAMP.get(), perf_counter(), dict[str, float]()
    begun = entered
    if stamp is not None:
        ledger["kernel"], ledger["loop"] = stamp[1], entered - stamp[0]
        begun = stamp[0] - stamp[1]
    LEDGER.set(ledger)

    async def timed(message: Message) -> None:
        if message["type"] == "http.response.start":
            entries = {**ledger, "total": perf_counter() - begun}
            value = ", ".join(f"{name};dur={seconds * 1000:.1f}" for name, seconds in entries.items())
            message = {**message, "headers": [*message.get("headers", ()), (b"server-timing", value.encode())]}
        await send(message)

    await app(scope, receive, timed)


if __name__ == "__main__":
    uvicorn.run(
        measured, port=int(sys.argv[1]), loop="uvloop", http=Stamped, ws="none", access_log=False, log_level="warning"
    )
