"""Asks the Linux kernel for a port's sockets: it selects them, and lists only those.

/proc/net/tcp lists every socket of the machine, those that linger in TIME_WAIT by the ten thousand included.
Source: Linux, include/uapi/linux/inet_diag.h and tcp.h.
"""

from __future__ import annotations

import socket
import struct
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

from inflight.linux import netlink
from inflight.linux.sockets import Connection, Idle, Listener
from inflight.linux.tcp_info import LAST_DATA_RECV_OFFSET

FAMILIES = (socket.AF_INET, socket.AF_INET6)
ESTABLISHED, CLOSE_WAIT, LISTEN = 1, 8, 10
"""States of a TCP socket (net/tcp_states.h); a request has a bit for each."""
OPEN = 1 << ESTABLISHED | 1 << CLOSE_WAIT
INET_DIAG_INFO = 2
"""The attribute that holds a `struct tcp_info`."""
ASK_INFO = 1 << INET_DIAG_INFO - 1

MESSAGE = "=17xB2xH38xQ4xII4xI"
"""A `struct nlmsghdr`, and of the `struct inet_diag_msg` behind it the state, the source port in network order, the
cookie, `idiag_rqueue`, `idiag_wqueue` and `idiag_inode`."""
MESSAGE_SIZE = struct.calcsize(MESSAGE)
ID, ID_SIZE = 20, netlink.SOCKET_ID.size
STATE, RQUEUE, INODE = 17, 72, 84
"""Where the socket's id and these fields begin in such a message, in bytes."""
ATTRIBUTE = struct.Struct("=HH")
"""`struct rtattr`: length and type."""
TCP_INFO = f"4x{LAST_DATA_RECV_OFFSET}xI72xQ20xI"
"""An ATTRIBUTE, and of the `struct tcp_info` behind it `tcpi_last_data_recv` (milliseconds), `tcpi_bytes_received`
(Linux 4.1) and `tcpi_data_segs_out` (4.6)."""
TCP_INFO_SIZE = struct.calcsize(f"={TCP_INFO}")

NEVER = 1 << 32
"""More milliseconds than the kernel can say."""
Row = tuple[Any, ...]
"""The fields of MESSAGE, then those of TCP_INFO where it was asked for and the kernel knows it."""
FEW = 20
"""Where one connection in so many is to be asked for by itself, a list of all with their `tcp_info` costs less."""


def unread_inodes(port: int) -> list[int]:
    """Return the inode of each established connection on the local `port` with unread bytes. Raises OSError.

    It is 0 while the connection stands in the accept queue.
    """
    return [
        inode
        for family in FAMILIES
        for part, size in netlink.listed(family, port, 1 << ESTABLISHED)
        for unread, inode in zip(_column(part, size, RQUEUE), _column(part, size, INODE), strict=True)
        if unread
    ]


def unread_connections(port: int) -> int:
    """Return how many there are. Raises OSError."""
    return len(unread_inodes(port))


def listeners() -> Iterator[tuple[int, Listener]]:
    """Yield the address family and the socket of all that listen. Raises OSError."""
    for family in FAMILIES:
        for _, port, _, queue, limit, inode, *_ in _rows(family, 0, 1 << LISTEN):
            yield family, Listener(socket.ntohs(port), inode, queue, limit)


def connections(family: int, port: int = 0) -> Iterator[Connection | Idle]:
    """Yield the connections of the address family on the local `port`, or on all (0). Raises OSError.

    Those are the established ones, and those in the accept queue whose client has closed its end: it has left, or has
    said all. There may be tens of thousands, and nearly all are idle: those are summed up, in any number of parts.
    """
    idle: dict[int, list[int]] = defaultdict(list)
    for row in _rows(family, port, OPEN, ASK_INFO):
        state, local, _, unread, _, inode, *info = row
        if not inode or (state == ESTABLISHED and (unread or not info)):
            yield _connection(row)
        elif state == ESTABLISHED:
            idle[local].append(info[0] if info[1] else NEVER)
    for local, milliseconds in idle.items():
        newest = min(milliseconds)
        yield Idle(socket.ntohs(local), len(milliseconds), None if newest == NEVER else newest / 1000)


def busy_connections(family: int, port: int = 0) -> Iterator[Connection]:
    """Yield only those that are not idle, at two thirds of the price. Raises OSError.

    The kernel lists sockets without a look into each, and is asked again for those that are few.
    """
    ids = _busy_ids(family, port)
    if ids is None:
        yield from (each for each in connections(family, port) if isinstance(each, Connection))
        return
    layouts: dict[int, struct.Struct] = {}
    for message in netlink.found(family, ids, ASK_INFO):
        layout = layouts.get(len(message)) or layouts.setdefault(len(message), _layout(message))
        yield _connection(layout.unpack_from(message))


def _busy_ids(family: int, port: int) -> list[bytes] | None:
    """Return the ids of the sockets that have unread bytes or are not accepted; None where those are not few."""
    ids: list[bytes] = []
    all_ = 0
    for part, size in netlink.listed(family, port, OPEN):
        states, inodes = part[STATE::size], _column(part, size, INODE)
        busy = [at for at, unread in enumerate(_column(part, size, RQUEUE)) if unread and states[at] == ESTABLISHED]
        if 0 in inodes:  # seldom
            busy += [at for at, inode in enumerate(inodes) if not inode and at not in busy]
        ids += [bytes(part[at * size + ID : at * size + ID + ID_SIZE]) for at in busy]
        all_ += len(part) // size
        if len(ids) * FEW > all_ + FEW * FEW:
            return None
    return ids


def _connection(row: Row) -> Connection:
    state, local, cookie, unread, _, inode, *info = row
    port = socket.ntohs(local)
    if not info:
        return Connection(port, cookie, unread, inode)
    milliseconds, received, segments = info
    if state != ESTABLISHED:  # nobody need read it any more
        return Connection(port, cookie, 0, inode, milliseconds / 1000, 0, segments)
    return Connection(port, cookie, unread, inode, milliseconds / 1000, received - unread, segments)


def _rows(family: int, port: int, states: int, extensions: int = 0) -> Iterator[Row]:
    """Yield a row for each socket; messages that are equally long have one layout."""
    for part, size in netlink.listed(family, port, states, extensions):
        yield from _layout(part[:size]).iter_unpack(part)


def _column(part: memoryview, size: int, offset: int) -> list[int]:
    """Return one field of 32 bits of each message: a tuple of its fields takes seven times as long."""
    return part.cast("I")[offset // 4 :: size // 4].tolist()


def _layout(message: memoryview) -> struct.Struct:
    """Return what unpacks this message, and all that are as long."""
    start = MESSAGE_SIZE
    while start + ATTRIBUTE.size <= len(message):
        length, kind = ATTRIBUTE.unpack_from(message, start)
        if kind == INET_DIAG_INFO and length >= TCP_INFO_SIZE:
            return _struct(len(message), start)
        start += max(ATTRIBUTE.size, (length + 3) & ~3)
    return _struct(len(message), None)


@cache
def _struct(length: int, tcp_info: int | None) -> struct.Struct:
    fields = MESSAGE if tcp_info is None else f"{MESSAGE}{tcp_info - MESSAGE_SIZE}x{TCP_INFO}"
    return struct.Struct(f"{fields}{length - struct.calcsize(fields)}x")
