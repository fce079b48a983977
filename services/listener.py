"""The listening socket: how it is opened, and how it is closed without a reset for anybody whom the kernel let in."""

from __future__ import annotations

import socket
import struct
from array import array
from collections.abc import Iterator
from contextlib import suppress

BACKLOG = 65535
"""Connections that may wait to be accepted; the kernel lowers it to net.core.somaxconn."""

SO_ATTACH_FILTER = 26
"""Linux, include/uapi/asm-generic/socket.h; Python's `socket` has no name for it."""
INSTRUCTION = struct.Struct("=HBBI")
"""`struct sock_filter`: code, how far to jump if true, if false, operand (Linux, include/uapi/linux/filter.h)."""
PROGRAM = struct.Struct("HP")
"""`struct sock_fprog`: how many instructions, and where in memory they are."""
DROP_SYN = b"".join(
    INSTRUCTION.pack(*instruction)
    for instruction in (
        (0x30, 0, 0, 13),  # load the byte at 13 of the TCP header, the flags (RFC 9293, section 3.1)
        (0x45, 0, 1, 0x02),  # is SYN set?
        (0x06, 0, 0, 0),  # then keep 0 bytes of the packet: drop it
        (0x06, 0, 0, 0xFFFFFFFF),  # else keep all
    )
)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens there. Raises OSError when it cannot."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, _, _, address = found[0]
    # The protocol is named because asyncio sets TCP_NODELAY only then (`base_events._set_nodelay`); without it, an
    # answer's second segment waits 40 ms for the first one's acknowledgement.
    listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def let_nobody_in(listener: socket.socket) -> None:
    """Have the kernel drop what would open a new connection; what it is opening already, it goes on with.

    Between the last accept and the close another connection may be opened, and the close would reset it. One that is
    dropped is tried again by its client's kernel after a second, and refused, or let in by whoever listens then. Linux
    only; elsewhere this does nothing.
    """
    program = array("B", DROP_SYN)
    address, size = program.buffer_info()
    with suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, PROGRAM.pack(size // INSTRUCTION.size, address))


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
