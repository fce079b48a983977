"""uvicorn's protocol with limits on what a client may send, and refusals that are problems like all others."""

from __future__ import annotations

import asyncio

from services.pipelining import PipeliningProtocol
from services.problems import MEDIA_TYPE, problem_body, title

MAX_HEAD = 64 * 1024
"""Bytes of a request's line and headers; more is a 431."""
MAX_BODY = 64 * 1024
"""Bytes that a request may announce as its body (none of ours needs one); more is a 413."""
VERSIONS = frozenset({"1.0", "1.1"})


class GuardedProtocol(PipeliningProtocol):
    """Refuses what is malformed or too large, and closes its connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start a connection."""
        super().connection_made(transport)
        self._head = 0
        self._served = False  # the head of the request that is due was good, and has been passed on
        self._refusal = b""

    def on_response_complete(self) -> None:
        """Refuse what came behind the request that is answered now, if that was bad."""
        super().on_response_complete()
        if self._refusal:
            self._say_refusal()

    def _parse(self, data: bytes) -> None:
        self._head += len(data)
        super()._parse(data)
        if self._head > MAX_HEAD:  # what follows a chunked body is one, too
            self._refuse(431, f"the request's line and headers are larger than {MAX_HEAD} bytes")

    def on_message_begin(self) -> None:
        """Start a request."""
        super().on_message_begin()
        self._served = False

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
        self._take_no_more()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body that was not refused."""
        self._head = 0
        if self._served:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that the request is whole."""
        if self._served:
            super().on_message_complete()
        self._served = False
        self._head = 0

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP."""
        self._refuse(400, "the request is not well-formed HTTP/1.1")

    def _refuse(self, status: int, detail: str) -> None:
        """Answer with a problem, after the answers to earlier requests, and close the connection.

        A request that was passed on before its rest turned out bad has its own answer: another one behind it would be
        taken for that to the next request.
        """
        if self._over:
            return
        self._take_no_more()
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
            self._refusal = b""
