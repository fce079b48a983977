"""The sender's connections, which know when something came: what lies unread in the sender is not the network's."""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import Any

from aiohttp import ClientResponse, TCPConnector
from aiohttp.client_proto import ResponseHandler

from services.telemetry import kernel

IDLE = 4
"""Seconds that an idle connection is kept: less than uvicorn's default of 5, so that none is used while it closes."""


class Connector(TCPConnector):
    """Makes such connections, without a limit."""

    def __init__(self) -> None:
        super().__init__(limit=0, keepalive_timeout=IDLE)
        self._factory: Any = partial(_Protocol, self._loop)


class _Protocol(ResponseHandler):
    """One connection. Its times are readings of `perf_counter`; where the kernel cannot be asked, of the reading.

    The kernel counts from a connection's last bytes, and before the first ones from its establishment (Linux,
    net/ipv4/tcp_input.c, `tcp_finish_connect`).
    """

    established = came = 0.0

    def connection_made(self, transport: Any) -> None:
        """Note when the connection was made."""
        self._socket: kernel.Socket = transport.get_extra_info("socket")
        self.established = self._since()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Note when the bytes came."""
        if data:  # aiohttp itself calls this with nothing, to go on reading
            self.came = self._since()
        super().data_received(data)

    def _since(self) -> float:
        return perf_counter() - (kernel.waited(self._socket) or 0.0)


class Answer(ClientResponse):
    """An answer that knows when its connection was established, and when its head came."""

    established = came = 0.0

    async def start(self, connection: Any) -> ClientResponse:
        """Read the head."""
        protocol: _Protocol = connection.protocol
        await super().start(connection)
        # Nobody has had a turn since: a connection whose whole answer is here is another request's from now on.
        self.established, self.came = protocol.established, protocol.came
        return self
