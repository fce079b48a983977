"""Requests that are sent ahead: they wait, as bytes, until those before them are answered."""

from __future__ import annotations

import asyncio

from services.telemetry.protocol import StampedProtocol

PIECE = 4096
"""Bytes that are parsed at once: what lies behind them waits until their requests are answered.

A client may send its next requests before it has read an answer (RFC 9112, section 9.3.2). uvicorn reads all that
come, a quarter of a megabyte at a time, and keeps an object of some kilobytes for each: a small client could fill the
memory.
"""


class PipeliningProtocol(StampedProtocol):
    """Parses a piece at a time, and the next when the requests of the last are answered."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start a connection."""
        super().connection_made(transport)
        self._held = b""
        self._over = False  # nothing more is taken from this connection

    def data_received(self, data: bytes) -> None:
        """Take bytes; those of later requests wait until the earlier ones are answered."""
        if self._over:
            return
        if self.pipeline or len(data) > PIECE:
            self._held += data
            self._parse_held()
        else:
            self._parse(data)

    def on_response_complete(self) -> None:
        """Go on with what was held back behind the request that is answered now."""
        super().on_response_complete()
        if self._over:
            self.flow.pause_reading()  # uvicorn has just resumed it
        elif self._held:
            self._parse_held()

    def _parse_held(self) -> None:
        while self._held and not self.pipeline and not self.transport.is_closing():
            piece, self._held = self._held[:PIECE], self._held[PIECE:]
            self._parse(piece)
        if self._held:
            self.flow.pause_reading()

    def _parse(self, data: bytes) -> None:
        super().data_received(data)

    def _take_no_more(self) -> None:
        """Let what follows on this connection be no request."""
        self._over, self._held = True, b""
