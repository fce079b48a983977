"""uvicorn's protocol with limits on what a client may send, and refusals that are problems like all others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from time import monotonic
from typing import Any

from services.problems import MEDIA_TYPE, problem_body, title
from services.telemetry.protocol import StampedProtocol

MAX_HEAD = 64 * 1024
"""Bytes of a request's line and headers; more is a 431."""
MAX_BODY = 64 * 1024
"""Bytes that a request may announce as its body (none of ours needs one); more is a 413."""
VERSIONS = frozenset({"1.0", "1.1"})
REQUEST_TIMEOUT = 20.0
"""Seconds from a request's first byte, or from the opening of a connection, until the request is whole; then 408."""
UNREAD_TIMEOUT = 20.0
"""Seconds that a client may leave an answer unread; then its connection is cut."""
PIECE = 4096
"""Bytes that are parsed at once: what lies behind them waits until their requests are answered.

A client may send its next requests before it has read an answer (RFC 9112, section 9.3.2). uvicorn reads all that
come, a quarter of a megabyte at a time, and keeps an object of some kilobytes for each: a small client could fill the
memory.
"""
SWEEP = 1.0
"""Seconds from one look at all connections to the next."""
TURNS = 2
"""Of the event loop, before connections are judged: one that was blocked reads first what has come in time."""


class GuardedProtocol(StampedProtocol):
    """Refuses what is malformed, too large or too slow, and closes its connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start a connection, from which a request is due."""
        super().connection_made(transport)
        self._head = 0
        self._served = False  # the head of the request that is due was good, and has been passed on
        self._due_since: float | None = monotonic()
        self._held = b""
        self._over = False  # nothing more is read from this connection
        self._refusal = b""
        self._unread = 0  # bytes
        self._unread_since: float | None = None

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
        if self._refusal:
            self._say_refusal()
        elif self._held:
            self._parse_held()

    def _parse_held(self) -> None:
        while self._held and not self.pipeline and not self.transport.is_closing():
            piece, self._held = self._held[:PIECE], self._held[PIECE:]
            self._parse(piece)
        if self._held:
            self.flow.pause_reading()

    def _parse(self, data: bytes) -> None:
        """Parse bytes, as long as the head that they belong to is not too large."""
        if self._over:
            return
        if self._due_since is None:
            self._due_since = monotonic()
        self._head += len(data)
        super().data_received(data)
        if self._head > MAX_HEAD:  # what follows a chunked body is one, too
            self._refuse(431, f"the request's line and headers are larger than {MAX_HEAD} bytes")

    def on_message_begin(self) -> None:
        """Start a request."""
        super().on_message_begin()
        self._served = False
        self._due_since = monotonic()

    def on_headers_complete(self) -> None:
        """Pass the request on, unless it can be read in two ways, or announces too large a body."""
        if self._over:
            return
        objection = self._objection()
        if objection is not None:
            self._refuse(*objection)
            return
        super().on_headers_complete()  # raises for a target that is none
        self._served = True
        if self.parser.should_upgrade():  # the parser takes nothing that follows for HTTP
            self.cycle.keep_alive = False

    def _objection(self) -> tuple[int, str] | None:
        """Return the status and the detail of what is wrong with the request's head; None for nothing."""
        version, hosts, length, chunked = self.parser.get_http_version(), 0, 0, False
        for name, value in self.headers:
            if name == b"host":
                hosts += 1
            elif name == b"content-length":
                length = int(value)
            elif name == b"transfer-encoding":
                chunked = True
        if version not in VERSIONS:
            return 505, "this service speaks HTTP/1.1 and HTTP/1.0"
        if hosts > 1 or (hosts == 0 and version == "1.1"):
            return 400, "a request has one Host header (RFC 9112, section 3.2)"
        if length > MAX_BODY:
            return 413, f"the request's body is larger than {MAX_BODY} bytes"
        if (chunked or length) and self.parser.should_upgrade():
            return 400, "a request to change the protocol has no body here"
        return None

    def _unsupported_upgrade_warning(self) -> None:
        """Serve the request without the upgrade (RFC 9110, section 7.8), and read nothing that follows it."""
        self._over = True

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body that was not refused."""
        self._head = 0
        if self._served:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that the request is whole, and nothing more is due."""
        if self._served:
            super().on_message_complete()
        self._served = False
        self._head = 0
        self._due_since = None

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP."""
        self._refuse(400, "the request is not well-formed HTTP/1.1")

    def pause_writing(self) -> None:
        """Note that the client does not read."""
        super().pause_writing()
        self._unread, self._unread_since = self.transport.get_write_buffer_size(), monotonic()

    def resume_writing(self) -> None:
        """Note that it has read all."""
        super().resume_writing()
        self._unread_since = None

    @property
    def request_due(self) -> bool:
        """Whether the client has opened the connection, or begun a request, and the rest has not come yet."""
        return self._due_since is not None

    def expire(self, now: float) -> None:
        """Close the connection if a request has been due on it for too long, or an answer has not been read."""
        if self._unread_since is not None:
            unread = self.transport.get_write_buffer_size()
            if unread < self._unread:
                self._unread, self._unread_since = unread, now  # it reads, if slowly
            elif now - self._unread_since > UNREAD_TIMEOUT:
                self.transport.abort()
                return
        if self._due_since is None or now - self._due_since <= REQUEST_TIMEOUT:
            return
        if self.cycle is not None and not self.cycle.response_complete:
            return  # an answer is under way on this connection; look again when it is out
        if self._served:
            self.transport.close()
        else:
            self._refuse(408, f"no whole request came within {REQUEST_TIMEOUT:g} s")

    def _refuse(self, status: int, detail: str) -> None:
        """Answer with a problem, after the answers to earlier requests, and close the connection.

        A request that was passed on before its rest turned out bad has its own answer: another one behind it would be
        taken for that to the next request.
        """
        if self._over:
            return
        self._over, self._held = True, b""
        self.flow.pause_reading()
        if self._served:
            self._end_with_answer()
            return
        body = problem_body(status, detail)
        head = [
            f"HTTP/1.1 {status} {title(status)}",
            f"content-type: {MEDIA_TYPE}",
            f"content-length: {len(body)}",
            "connection: close",
        ]
        self._refusal = "\r\n".join([*head, "", ""]).encode() + body
        self._say_refusal()

    def _end_with_answer(self) -> None:
        if self.cycle.response_complete:
            self.transport.close()
        else:
            self.cycle.keep_alive = False

    def _say_refusal(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(self._refusal)
            self.transport.close()


async def sweep(connections: Iterable[Any]) -> None:
    """Close the connections that are too slow, until cancelled."""
    while True:
        await asyncio.sleep(SWEEP)
        now = monotonic()
        for _ in range(TURNS):
            await asyncio.sleep(0)
        for connection in tuple(connections):
            connection.expire(now)
