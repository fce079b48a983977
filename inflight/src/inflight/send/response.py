"""A response that knows when its bytes arrived, which may be before the sender's event loop had read them."""

from __future__ import annotations

import socket
from time import perf_counter

import aiohttp

from inflight.linux.tcp_info import retransmissions, waited


class TimedResponse(aiohttp.ClientResponse):
    """aiohttp's response with readings of `perf_counter`; where the kernel does not say, they are of when it was read.

    `first_byte` is when the headers arrived. `last_byte` is when the last bytes did, None before they were read.
    `retransmissions` is how many segments TCP had sent again on the connection by the first.
    """

    first_byte: float | None = None
    last_byte: float | None = None
    retransmissions: int | None = None

    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Read the headers."""
        transport = connection.transport
        sock = None if transport is None else transport.get_extra_info("socket")
        await super().start(connection)
        self.first_byte = arrived(sock)
        self.retransmissions = None if sock is None else retransmissions(sock)
        self.content.on_eof(lambda: self._note_end(sock))
        return self

    def _note_end(self, sock: socket.socket | None) -> None:
        # A body without a length ends with the connection, and the kernel does not count that as data.
        chunked = "chunked" in self.headers.get("Transfer-Encoding", "").lower()
        ends_by_closing = self.content_length is None and not chunked
        self.last_byte = perf_counter() if ends_by_closing else arrived(sock)


def arrived(sock: socket.socket | None) -> float:
    """Return when the last bytes arrived in the socket, or before the first, when its connection was established.

    (Linux, net/ipv4/tcp_input.c, `tcp_finish_connect`.)
    """
    return perf_counter() - ((waited(sock) if sock is not None else None) or 0.0)
