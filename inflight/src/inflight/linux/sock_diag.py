"""Asks the Linux kernel for a port's sockets through netlink: the kernel selects them, and lists only those.

/proc/net/tcp lists every socket of the machine, those that linger in TIME_WAIT by the ten thousand included.
Needs no privileges. Source: Linux, include/uapi/linux/inet_diag.h, netlink.h and tcp.h; man 7 sock_diag.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from inflight.linux.sockets import Connection, Listener
from inflight.linux.tcp_info import LAST_DATA_RECV_OFFSET

if TYPE_CHECKING:
    import ctypes

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
REQUEST_DUMP = 0x301
"""NLM_F_REQUEST | NLM_F_DUMP."""
ERROR, DONE = 2, 3
ESTABLISHED, LISTEN = 1, 10
"""States of a TCP socket (net/tcp_states.h)."""
INET_DIAG_INFO = 2
"""The attribute that holds a `struct tcp_info`; what is asked for is a bit mask that begins at 1."""

HEADER = struct.Struct("=IHHII")
"""`struct nlmsghdr`: length, type, flags, sequence, port id."""
REQUEST = struct.Struct("=BBBxI")
"""`struct inet_diag_req_v2` up to its socket id: family, protocol, extensions, states."""
SOCKET_ID = struct.Struct("!HH36xII")
"""`struct inet_diag_sockid`: source port, destination port, addresses, interface, and a cookie, all ones for any."""
MESSAGE = struct.Struct("=IH66xI")
"""A `struct nlmsghdr`'s length and type, and `idiag_rqueue` of the `struct inet_diag_msg` behind it."""
SOCKET = struct.Struct("=17xB2x2s38x8s4xII4xI")
"""The same message: `idiag_state`, source port, cookie, `idiag_rqueue`, `idiag_wqueue`, `idiag_inode`."""
SOCKET_SIZE = SOCKET.size
ATTRIBUTE = struct.Struct("=HH")
"""`struct rtattr`: length and type."""
TCP_INFO = struct.Struct(f"={LAST_DATA_RECV_OFFSET}xI72xQ20xI")
"""`struct tcp_info`: `tcpi_last_data_recv` (ms), `tcpi_bytes_received` (Linux 4.1), `tcpi_data_segs_out` (4.6)."""
ERROR_CODE = struct.Struct("=16xi")
"""The code behind the header, of an error and of a dump's end: minus an errno, or 0."""
BUFFER = 256 * 1024
"""Bytes; the kernel fills at most 32 KiB at a time."""
ANY = 0xFFFFFFFF


def unread_connections(port: int) -> int:
    """Return how many established connections on the local `port` hold unread bytes. Raises OSError."""
    return sum(
        MESSAGE.unpack_from(buffer, start)[2] > 0 for buffer, start, _ in _dump(port, states=1 << ESTABLISHED, info=False)
    )


def sockets(port: int = 0) -> Iterator[Listener | Connection]:
    """Yield the sockets that listen on the local `port` (0: on any), and the established connections. Raises OSError."""
    for buffer, start, length in _dump(port, states=1 << ESTABLISHED | 1 << LISTEN, info=True):
        state, local, cookie, received, sent, inode = SOCKET.unpack_from(buffer, start)
        number = int.from_bytes(local, "big")
        if state == LISTEN:
            yield Listener(number, inode, received, sent)
            continue
        info = _tcp_info(buffer, start + SOCKET_SIZE, start + length)
        if info is None:
            yield Connection(number, cookie, received)
        else:
            milliseconds, bytes_received, segments = info
            yield Connection(number, cookie, received, milliseconds / 1000, bytes_received - received, segments)


def _tcp_info(buffer: bytearray, start: int, end: int) -> tuple[int, int, int] | None:
    """Return the fields of TCP_INFO, or None where the kernel does not know all of them."""
    while start + ATTRIBUTE.size <= end:
        length, kind = ATTRIBUTE.unpack_from(buffer, start)
        if kind == INET_DIAG_INFO and length >= ATTRIBUTE.size + TCP_INFO.size:
            return TCP_INFO.unpack_from(buffer, start + ATTRIBUTE.size)  # type: ignore[return-value]
        start += max(ATTRIBUTE.size, (length + 3) & ~3)
    return None


def _dump(port: int, states: int, *, info: bool) -> Iterator[tuple[bytearray, int, int]]:
    """Yield each socket's message, of both families: the buffer, where the message starts, its length."""
    buffer = bytearray(BUFFER)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as netlink:
        for family in (socket.AF_INET, socket.AF_INET6):
            netlink.send(_request(family, port, states, 1 << INET_DIAG_INFO - 1 if info else 0))
            for start, length in _messages(netlink, buffer):
                yield buffer, start, length


def _request(family: int, port: int, states: int, extensions: int) -> bytes:
    body = REQUEST.pack(family, socket.IPPROTO_TCP, extensions, states) + SOCKET_ID.pack(port, 0, ANY, ANY)
    return HEADER.pack(HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, REQUEST_DUMP, 0, 0) + body


def _messages(netlink: socket.socket, buffer: bytearray) -> Iterator[tuple[int, int]]:
    """Yield where in `buffer` each message stands, and its length, until the dump is at its end."""
    while True:
        start, end = 0, _receive(netlink, buffer)
        while start < end:
            length, kind, _ = MESSAGE.unpack_from(buffer, start)
            if kind in {DONE, ERROR}:
                (code,) = ERROR_CODE.unpack_from(buffer, start)
                if code < 0:
                    raise OSError(-code, os.strerror(-code))
                return
            yield start, length
            start += (length + 3) & ~3


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
