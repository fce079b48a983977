"""Time limits for clients: a connection that brings no whole request, or whose answer nobody reads, is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from time import monotonic
from typing import Any

from services.guard import GuardedProtocol

REQUEST_TIMEOUT = 20.0
"""Seconds from a request's first byte, or from the opening of a connection, until the request is whole; then 408."""
UNREAD_TIMEOUT = 20.0
"""Seconds that a client may leave an answer unread; then its connection is cut."""
SWEEP = 1.0
"""Seconds from one look at all connections to the next."""
TURNS = 2
"""Of the event loop, before connections are judged: one that was blocked reads first what has come in time."""


class TimeLimitedProtocol(GuardedProtocol):
    """Knows since when a request is due on its connection, and since when its client reads nothing."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start a connection, from which a request is due."""
        super().connection_made(transport)
        self._due_since: float | None = monotonic()
        self._unread = 0  # bytes
        self._unread_since: float | None = None

    def _parse(self, data: bytes) -> None:
        if self._due_since is None:
            self._due_since = monotonic()
        super()._parse(data)

    def on_message_begin(self) -> None:
        """Start a request: from now on it has its own time."""
        super().on_message_begin()
        self._due_since = monotonic()

    def on_message_complete(self) -> None:
        """Note that the request is whole, and nothing more is due."""
        super().on_message_complete()
        self._due_since = None

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


async def sweep(connections: Iterable[Any]) -> None:
    """Close the connections that are too slow, until cancelled."""
    while True:
        await asyncio.sleep(SWEEP)
        now = monotonic()
        for _ in range(TURNS):
            await asyncio.sleep(0)
        for connection in tuple(connections):
            connection.expire(now)
