"""The stamp: when the bytes of a request were read, and how long they had lain in the kernel.

Works with any protocol of any server that starts a request's task while it takes the bytes (uvicorn's do), through
`asyncio.Protocol`'s own callbacks and a context variable that the task inherits.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextvars import ContextVar
from time import perf_counter
from typing import Any

from inflight.ledger import Ledger
from inflight.linux import tcp_info
from inflight.telemetry import Telemetry
from inflight.waits import upstream

current_stamp: ContextVar[Stamp | None] = ContextVar("current_stamp", default=None)


class Connection:
    """One connection of the server: the requests that are in flight on it, and whether it takes what is written."""

    __slots__ = ("held_up", "inode", "open", "paused", "peer", "socket", "stamp", "telemetry", "transport", "unsent")

    def __init__(self, transport: asyncio.Transport | None, telemetry: Telemetry | None) -> None:
        self.telemetry = telemetry
        self.transport = transport
        self.open: list[Ledger] = []  # nearly always one, and there may be ten thousand connections
        self.unsent: tuple[Callable[[], None], ...] = ()
        """What to call when the last written byte has gone to the kernel."""
        self.paused = False
        self.held_up: tuple[upstream, ...] = ()
        """Calls whose responses go on when the client takes more of ours."""
        self.peer: tuple[object, ...] | None = None
        """Address and port of the client, as a scope has them, where requests find their stamp by it."""
        if telemetry is not None and telemetry.live.fresh_contexts and transport is not None:
            peer = transport.get_extra_info("peername")
            self.peer = tuple(peer[:2]) if isinstance(peer, tuple) else None
        self.stamp: Stamp | None = None
        """The last read's."""
        self.inode = 0
        """The socket's, as the kernel lists it; 0 where it is not known."""
        self.socket: tcp_info.BorrowedSocket | None = None
        # A Unix socket's name is no tuple. (The family would not tell: uvicorn takes that of `--fd` for AF_UNIX.)
        if tcp_info.AVAILABLE and transport is not None and isinstance(transport.get_extra_info("sockname"), tuple):
            self.socket = tcp_info.BorrowedSocket(transport)
            self.inode = os.fstat(self.socket.fileno()).st_ino

    def left(self) -> bool:
        """Return whether the client has closed its end, which the event loop may not have been told yet."""
        return self.socket is not None and tcp_info.left_by_peer(self.socket)

    def book_body(self) -> None:
        """Book the time for which a piece of a body lay unread to the event loop, where its request waits for it."""
        waited = None if self.socket is None else tcp_info.waited(self.socket)
        if waited:
            now = perf_counter()
            for ledger in tuple(self.open):
                ledger.body_was_there(waited, now)

    def ended(self, ledger: Ledger) -> None:
        """Note that a request, or a WebSocket, is over."""
        if ledger in self.open:
            self.open.remove(ledger)

    def pause(self) -> None:
        """Note that the client does not take what is written: until it does, an upstream keeps nobody waiting.

        Of several calls of one request nobody knows whether it waits for one of them all the same.
        """
        self.paused = True
        calls = [[each for each in ledger.active if isinstance(each, upstream)] for ledger in self.open]
        self.held_up = tuple(found[0] for found in calls if len(found) == 1)
        now = perf_counter()
        for call in self.held_up:
            call.pause(now)

    def sent(self) -> None:
        """Note that all that was written has gone to the kernel."""
        self.paused = False
        held_up, self.held_up = self.held_up, ()
        now = perf_counter()
        for call in held_up:
            call.resume(now)
        unsent, self.unsent = self.unsent, ()
        for close in unsent:
            close()

    def lost(self) -> None:
        """Note that the connection is closed: its requests have no client any more."""
        self.let_go()
        if self.telemetry is not None:
            self.telemetry.live.read.pop(self, None)
        for ledger in tuple(self.open):
            ledger.client_left()
        self.sent()

    def let_go(self) -> None:
        """Note that the protocol has the connection no longer: it is closed, or became a WebSocket."""
        if self.telemetry is not None:
            self.telemetry.live.disconnect(self)
        if self.socket is not None:
            self.socket.detach()
        self.socket = self.transport = None


NOBODY = Connection(None, None)
"""Stands for a connection that was made before its class was changed."""


class Stamp:
    """One read. `kernel` is the seconds that the bytes had lain unread; None where the kernel does not say."""

    __slots__ = ("connection", "kernel", "read_at", "used")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.read_at = perf_counter()
        self.kernel = None if connection.socket is None else tcp_info.waited(connection.socket)
        self.used = False
        """Whether a request has begun with it: one that was sent ahead behind it has no stamp of its own."""


def stamped(protocol: type[asyncio.Protocol], telemetry: Callable[[], Telemetry | None]) -> type[asyncio.Protocol]:
    """Return a subclass of a server's protocol that stamps each read; `telemetry` says whose the connection is."""
    return type(f"Stamped{protocol.__name__}", (protocol,), _callbacks(protocol, telemetry))


def stamp_in_place(protocol: type[asyncio.Protocol], telemetry: Callable[[], Telemetry | None]) -> None:
    """Make an existing class stamp each read, for a server that something else has configured; once is enough."""
    if "inflight_connection" not in vars(protocol):
        for name, callback in _callbacks(protocol, telemetry).items():
            setattr(protocol, name, callback)


def _callbacks(protocol: Any, telemetry_of: Callable[[], Telemetry | None]) -> dict[str, Any]:
    connection_made, connection_lost = protocol.connection_made, protocol.connection_lost
    data_received = protocol.data_received
    pause_writing, resume_writing = protocol.pause_writing, protocol.resume_writing

    def made(self: Any, transport: asyncio.Transport) -> None:
        telemetry = telemetry_of()
        self.inflight_connection = connection = Connection(transport, telemetry)
        if telemetry is not None:
            telemetry.live.connect(connection, transport.get_extra_info("sockname"))
        connection_made(self, transport)

    def received(self: Any, data: bytes) -> None:
        connection: Connection = self.inflight_connection
        if connection.open or connection.telemetry is None:  # a request's body, or what was sent ahead behind it
            connection.book_body()
            data_received(self, data)
            return
        before, stamp = connection.stamp, Stamp(connection)
        connection.stamp = stamp
        if before is None or before.used:  # else it is the rest of what began no request, such as a refused upload
            connection.telemetry.live.read[connection] = stamp
        token = current_stamp.set(stamp)
        try:
            data_received(self, data)
        finally:
            current_stamp.reset(token)
        # A handshake hands the transport to the WebSocket's protocol, and this one hears of it no more.
        if connection.transport is not None and connection.transport.get_protocol() is not self:
            connection.let_go()

    def paused(self: Any) -> None:
        self.inflight_connection.pause()
        pause_writing(self)

    def resumed(self: Any) -> None:
        self.inflight_connection.sent()
        resume_writing(self)

    def lost(self: Any, exc: Exception | None) -> None:
        self.inflight_connection.lost()
        connection_lost(self, exc)

    return {
        "inflight_connection": NOBODY,
        "connection_made": made,
        "connection_lost": lost,
        "data_received": received,
        "pause_writing": paused,
        "resume_writing": resumed,
    }
