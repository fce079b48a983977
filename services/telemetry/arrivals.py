"""What comes back to an aiohttp client: how long it waited for the client's own event loop, which is no time of others.

Give `TimedAnswer` to the session as `response_class`, and let its connector make `TimedProtocol`s.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any

from aiohttp import ClientResponse
from aiohttp.client_proto import ResponseHandler

from services.telemetry import kernel


class TimedProtocol(ResponseHandler):
    """One connection, which knows when it was there, and when its last bytes were.

    The kernel says for how long they had lain there when they were read, and when a connection is made, for how long
    that had been established (Linux, net/ipv4/tcp_input.c, `tcp_finish_connect`). Where it cannot be asked, the wait
    counts from the reading.
    """

    late = 0.0
    """Seconds for which the connection was there before its first request went on with it; 0 for its later ones."""
    came = 0.0
    """When the last bytes came; a reading of `perf_counter`."""
    _unused_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note when the connection was established."""
        self._socket = kernel.borrowed_socket(transport)
        self._unused_since = self._now_unread()
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give the socket back."""
        self._socket.detach()
        super().connection_lost(exc)

    def set_response_params(self, **params: Any) -> None:
        """Start a request."""
        self.late = 0.0 if self._unused_since is None else perf_counter() - self._unused_since
        self._unused_since = None
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        """Note when the bytes came."""
        if data:  # aiohttp itself calls this with nothing, to go on reading
            self.came = self._now_unread()
        super().data_received(data)

    def _now_unread(self) -> float:
        return perf_counter() - (kernel.waited(self._socket) or 0.0)


class TimedAnswer(ClientResponse):
    """An answer that knows for how many seconds its connection, and then its head, waited for the event loop."""

    connection_late = head_late = 0.0

    @property
    def late(self) -> float:
        """Both together."""
        return self.connection_late + self.head_late

    async def start(self, connection: Any) -> ClientResponse:
        """Read the head."""
        protocol: TimedProtocol = connection.protocol
        await super().start(connection)
        # Nobody has had a turn since: a connection whose whole answer is here is another request's from now on.
        self.connection_late, self.head_late = protocol.late, perf_counter() - protocol.came
        return self
