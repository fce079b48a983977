"""The listening socket: how it is opened, and how it is closed without a reset for a client that the kernel let in."""

from __future__ import annotations

import socket
from collections.abc import Iterator

BACKLOG = 65535
"""Connections that may wait to be accepted; the kernel lowers it to net.core.somaxconn."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens there. Raises OSError when it cannot."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, _, _, address = found[0]
    # The protocol is named because asyncio sets TCP_NODELAY only then (`base_events._set_nodelay`); without it, a
    # response's second segment waits 40 ms for the first one's acknowledgement.
    listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def accept_all(listener: socket.socket) -> Iterator[socket.socket]:
    """Yield the connections that wait to be accepted; the listener does not block."""
    while True:
        try:
            connection, _ = listener.accept()
        except ConnectionAbortedError:
            continue  # this one has gone already
        except OSError:
            return
        connection.setblocking(False)
        yield connection
