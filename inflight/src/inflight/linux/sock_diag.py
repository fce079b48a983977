"""Asks the Linux kernel about a port's connections through netlink: it looks for them itself, and tells only of those.

/proc/net/tcp lists every socket of the machine, those that linger in TIME_WAIT by the ten thousand included.
Source: Linux, include/uapi/linux/inet_diag.h and netlink.h; man 7 sock_diag.
"""

from __future__ import annotations

import os
import socket
import struct
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ctypes

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
REQUEST_DUMP = 0x301
"""NLM_F_REQUEST | NLM_F_DUMP."""
ERROR, DONE = 2, 3
ESTABLISHED_ONLY = 1 << 1
"""A bit for each state; TCP_ESTABLISHED is 1."""

HEADER = struct.Struct("=IHHII")
"""`struct nlmsghdr`: length, type, flags, sequence, port id."""
REQUEST = struct.Struct("=BBBxI")
"""`struct inet_diag_req_v2` up to its socket id: family, protocol, extensions, states."""
SOCKET_ID = struct.Struct("!HH36xII")
"""`struct inet_diag_sockid`: source port, destination port, addresses, interface, and a cookie, all ones for any."""
MESSAGE = struct.Struct("=IH66xI")
"""A `struct nlmsghdr`'s length and type, and `idiag_rqueue` of the `struct inet_diag_msg` behind it."""
ERROR_CODE = struct.Struct("=16xi")
"""The code behind the header, of an error and of a dump's end: minus an errno, or 0."""
BUFFER = 256 * 1024
"""Bytes; the kernel fills at most 32 KiB at a time."""
ANY = 0xFFFFFFFF


def unread_connections(port: int) -> int:
    """Return how many established connections on the local `port` hold unread bytes. Raises OSError."""
    buffer = bytearray(BUFFER)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as netlink:
        found = 0
        for family in (socket.AF_INET, socket.AF_INET6):
            netlink.send(_request(family, port))
            found += _unread(netlink, buffer)
        return found


def _request(family: int, port: int) -> bytes:
    body = REQUEST.pack(family, socket.IPPROTO_TCP, 0, ESTABLISHED_ONLY) + SOCKET_ID.pack(port, 0, ANY, ANY)
    return HEADER.pack(HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, REQUEST_DUMP, 0, 0) + body


def _unread(netlink: socket.socket, buffer: bytearray) -> int:
    """Return how many of the answer's connections hold unread bytes; each of its messages is about one."""
    found = 0
    while True:
        start, end = 0, _receive(netlink, buffer)
        while start < end:
            length, kind, unread = MESSAGE.unpack_from(buffer, start)
            if kind in {DONE, ERROR}:
                (code,) = ERROR_CODE.unpack_from(buffer, start)
                if code < 0:
                    raise OSError(-code, os.strerror(-code))
                return found
            found += unread > 0
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

    Python's own `recv` lets go of it, and in a busy service it takes 5 ms (`sys.getswitchinterval`) to get it back:
    with 4,000 connections, twenty times in a scrape.
    """
    import ctypes  # a service starts without it

    return ctypes.PyDLL(None, use_errno=True)
