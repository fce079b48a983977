"""Asks the Linux kernel for a port's sockets through netlink: the kernel selects them, and lists only those.

/proc/net/tcp lists every socket of the machine, those that linger in TIME_WAIT by the ten thousand included.
Needs no privileges. Source: Linux, include/uapi/linux/inet_diag.h, netlink.h and tcp.h; man 7 sock_diag.
"""

from __future__ import annotations

import os
import socket
import struct
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import chain, takewhile
from typing import TYPE_CHECKING, Any

from inflight.linux.sockets import Connection, Idle, Listener
from inflight.linux.tcp_info import LAST_DATA_RECV_OFFSET

if TYPE_CHECKING:
    import ctypes

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
REQUEST_DUMP = 0x301
"""NLM_F_REQUEST | NLM_F_DUMP."""
ERROR, DONE = 2, 3
FAMILIES = (socket.AF_INET, socket.AF_INET6)
ESTABLISHED, LISTEN = 1 << 1, 1 << 10
"""A bit for each state of a TCP socket (net/tcp_states.h)."""
INET_DIAG_INFO = 2
"""The attribute that holds a `struct tcp_info`."""
ASK_INFO = 1 << INET_DIAG_INFO - 1

HEADER = struct.Struct("=IHHII")
"""`struct nlmsghdr`: length, type, flags, sequence, port id."""
REQUEST = struct.Struct("=BBBxI")
"""`struct inet_diag_req_v2` up to its socket id: family, protocol, extensions, states."""
SOCKET_ID = struct.Struct("!HH36xII")
"""`struct inet_diag_sockid`: source port, destination port, addresses, interface, and a cookie, all ones for any."""
MESSAGE = "=IH14xH38xQ4xII4xI"
"""A `struct nlmsghdr`'s length and type, and of the `struct inet_diag_msg` behind it the source port in network order,
the cookie, `idiag_rqueue`, `idiag_wqueue` and `idiag_inode`."""
MESSAGE_SIZE = struct.calcsize(MESSAGE)
ATTRIBUTE = struct.Struct("=HH")
"""`struct rtattr`: length and type."""
TCP_INFO = f"4x{LAST_DATA_RECV_OFFSET}xI72xQ20xI"
"""An ATTRIBUTE, and of the `struct tcp_info` behind it `tcpi_last_data_recv` (milliseconds), `tcpi_bytes_received`
(Linux 4.1) and `tcpi_data_segs_out` (4.6)."""
TCP_INFO_SIZE = struct.calcsize(f"={TCP_INFO}")
ERROR_CODE = struct.Struct("=16xi")
"""The code behind the header, of an error and of a dump's end: minus an errno, or 0."""
BUFFER = 256 * 1024
"""Bytes; the kernel fills at most 32 KiB at a time."""
ANY = 0xFFFFFFFF

NEVER = 1 << 32
"""More milliseconds than the kernel can say."""
ROW_WITHOUT_INFO = 7
Row = tuple[Any, ...]
"""The fields of MESSAGE, then those of TCP_INFO where it was asked for and the kernel knows it."""


def unread_inodes(port: int) -> list[int]:
    """Return the inode of each established connection on the local `port` with unread bytes. Raises OSError.

    It is 0 while the connection stands in the accept queue.
    """
    return [row[6] for family in FAMILIES for row in _rows(family, port, ESTABLISHED) if row[4]]


def unread_connections(port: int) -> int:
    """Return how many there are. Raises OSError."""
    return len(unread_inodes(port))


def listeners() -> Iterator[tuple[int, Listener]]:
    """Yield the address family and the socket of all that listen. Raises OSError."""
    for family in FAMILIES:
        for _, _, port, _, queue, limit, inode, *_ in _rows(family, 0, LISTEN):
            yield family, Listener(socket.ntohs(port), inode, queue, limit)


def connections(family: int, port: int = 0) -> Iterator[Connection | Idle]:
    """Yield the established connections of the address family on the local `port`, or on all (0). Raises OSError.

    There may be tens of thousands, and nearly all are idle: those are summed up, in any number of parts.
    """
    idle: dict[int, list[int]] = defaultdict(list)
    for row in _rows(family, port, ESTABLISHED, ASK_INFO):
        if len(row) == ROW_WITHOUT_INFO:
            yield Connection(socket.ntohs(row[2]), row[3], row[4], row[6])
        elif row[4] or not row[6]:
            _, _, local, cookie, unread, _, inode, milliseconds, received, segments = row
            read = received - unread
            yield Connection(socket.ntohs(local), cookie, unread, inode, milliseconds / 1000, read, segments)
        else:
            idle[row[2]].append(row[7] if row[8] else NEVER)
    for local, milliseconds in idle.items():
        newest = min(milliseconds)
        yield Idle(socket.ntohs(local), len(milliseconds), None if newest == NEVER else newest / 1000)


def _rows(family: int, port: int, states: int, extensions: int = 0) -> Iterator[Row]:
    """Return a row for each socket."""
    return chain.from_iterable(_parts(family, port, states, extensions))


def _parts(family: int, port: int, states: int, extensions: int) -> Iterator[list[Row]]:
    buffer = bytearray(BUFFER)
    view = memoryview(buffer)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as netlink:
        netlink.send(_request(family, port, states, extensions))
        while True:
            start, end = 0, _receive(netlink, buffer)
            while start < end:
                length, kind, *_ = HEADER.unpack_from(buffer, start)
                if kind in {DONE, ERROR}:
                    _raise_for_error(buffer, start)
                    return
                # Nearly all messages of a part have one length, and so one layout: one call unpacks them.
                layout = _layout(view[start : start + length])
                rows = _alike(list(layout.iter_unpack(view[start : end - (end - start) % layout.size])))
                yield rows
                start += len(rows) * layout.size


def _alike(rows: list[Row]) -> list[Row]:
    """Return the rows up to the first that is not as long as the first, and so was unpacked wrongly."""
    length = rows[0][0]
    if {row[0] for row in rows} == {length}:
        return rows
    return list(takewhile(lambda row: row[0] == length, rows))


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
    return struct.Struct(f"{fields}{((length + 3) & ~3) - struct.calcsize(fields)}x")


def _request(family: int, port: int, states: int, extensions: int) -> bytes:
    body = REQUEST.pack(family, socket.IPPROTO_TCP, extensions, states) + SOCKET_ID.pack(port, 0, ANY, ANY)
    return HEADER.pack(HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, REQUEST_DUMP, 0, 0) + body


def _raise_for_error(buffer: bytearray, start: int) -> None:
    """Raise OSError where the dump ended in one."""
    (code,) = ERROR_CODE.unpack_from(buffer, start)
    if code < 0:
        raise OSError(-code, os.strerror(-code))


def _receive(netlink: socket.socket, buffer: bytearray) -> int:
    """Read the next part, and return its length; the kernel has it ready, so this never waits."""
    import ctypes

    start = (ctypes.c_char * len(buffer)).from_buffer(buffer)
    length: int = _libc().recv(netlink.fileno(), start, len(buffer), socket.MSG_DONTWAIT)
    if length < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return length


@cache
def _libc() -> ctypes.PyDLL:
    """Return the C library; calls through it keep the interpreter's lock.

    Python's own `recv` releases it, and in a busy service it takes 5 ms (`sys.getswitchinterval`) to get it back:
    with 4,000 connections, twenty times in a scrape.
    """
    import ctypes  # a service starts without it

    return ctypes.PyDLL(None, use_errno=True)
