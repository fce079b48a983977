"""Answers that leave at once, head and body as one write: half the system calls, and one packet for the client."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD = b"HTTP/1.1 "
"""What uvicorn begins the head of every answer with."""
INTERIM = b"HTTP/1.1 1"
"""What it begins the head of an interim answer with, `100 Continue`: nothing follows it."""


class CoalescingTransport:
    """Holds an answer's head back until its first body bytes come, or until `flush` says that there are none.

    ASGI wants it so: a server must not send the head before it has a body event (ASGI HTTP spec, "Response Start").
    """

    __slots__ = ("_answering", "_close", "_head", "_transport", "_write", "is_closing")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""
        self._answering = False  # a head has come, and what follows is its body, whatever it looks like
        self.is_closing = transport.is_closing
        self._close = transport.close
        self._write = transport.write

    def write(self, data: bytes) -> None:
        """Write `data`, after the head that was held back; a closed connection takes nothing more."""
        if self.is_closing():
            return
        if self._head:
            head, self._head = self._head, b""
            self._write(head + data)
        elif not self._answering and data.startswith(HEAD) and not data.startswith(INTERIM):
            self._head, self._answering = data, True
        else:
            self._write(data)

    def flush(self) -> None:
        """End an answer: write its head, if that is held back and the connection is still there."""
        self._answering = False
        if self._head and not self.is_closing():
            head, self._head = self._head, b""
            self._write(head)

    def close(self) -> None:
        """Close the transport after what was written."""
        self.flush()
        self._close()

    def __getattr__(self, name: str) -> Any:
        """Return anything else as the transport has it."""
        return getattr(self._transport, name)


class PromptProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, whose answers leave when they are written, each as one.

    uvloop otherwise keeps writes back until the loop's next turn (its `UVStream._initiate_write`): a handler that
    blocks would hold the answers of those before it. With a high-water mark of 0 it writes at once, as asyncio does.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start a connection."""
        super().connection_made(transport)
        self.transport = CoalescingTransport(transport)  # type: ignore[assignment]
        transport.set_write_buffer_limits(high=0)

    def on_response_complete(self) -> None:
        """Let the head of an answer without a body go."""
        self.transport.flush()  # type: ignore[attr-defined]
        super().on_response_complete()
