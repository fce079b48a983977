"""What comes back to an aiohttp client: how long it waited for the client's own event loop, which is no time of others.

Give a session a `TimedConnector`, and `TimedAnswer` as its `response_class`; inside `with upstream.call() as call:` say
`call.late = answer.late` when the answer has been read.
"""

from __future__ import annotations

import asyncio
from functools import partial
from time import perf_counter
from typing import Any

from aiohttp import ClientResponse, TCPConnector
from aiohttp.client_proto import ResponseHandler

from services.telemetry import kernel


class TimedProtocol(ResponseHandler):
    """One connection, which can ask the kernel since when something has been there."""

    unused_since: float | None = None
    """When the connection was established, a reading of `perf_counter`; None when its first request has gone out."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note when the connection was established."""
        self._socket = kernel.BorrowedSocket(transport)
        self.unused_since = perf_counter() - self.waited()
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give the socket back."""
        self._socket.detach()
        super().connection_lost(exc)

    def waited(self) -> float:
        """Return the seconds since the last bytes came, read or unread; before the first, since the establishment.

        (Linux, net/ipv4/tcp_input.c, `tcp_finish_connect`.) 0 where the kernel cannot be asked.
        """
        return kernel.waited(self._socket) or 0.0


class TimedConnector(TCPConnector):
    """aiohttp's connector, with its options, whose connections are `TimedProtocol`s."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory: Any = partial(TimedProtocol, self._loop)


class TimedAnswer(ClientResponse):
    """An answer that knows for how many seconds its connection, and then it, waited for the event loop.

    It waited as long as its end did: a head that lies unread holds up nobody while the server is still at the body.
    `read` notes when the end was read, as do `text` and `json`; who reads `content` says `body_was_read`. Until then
    the head's wait stands for it.
    """

    connection_late = answer_late = 0.0
    _due_from: TimedProtocol | None = None

    @property
    def late(self) -> float:
        """Both together."""
        return self.connection_late + self.answer_late

    def body_was_read(self) -> None:
        """Note that the body has just been read to its end."""
        if self._due_from is not None:
            self.answer_late = self._due_from.waited()
            self._due_from = None

    async def read(self) -> bytes:
        """Return the body, and note when it was read."""
        body = await super().read()
        self.body_was_read()
        return body

    async def start(self, connection: Any) -> ClientResponse:
        """Read the head."""
        protocol: TimedProtocol = connection.protocol
        if protocol.unused_since is not None:
            self.connection_late = perf_counter() - protocol.unused_since
            protocol.unused_since = None
        await super().start(connection)
        # Nobody has had a turn since: a connection whose whole answer is here is another request's from now on.
        self.answer_late = protocol.waited()
        if not self.content.is_eof():
            self._due_from = protocol
        return self
