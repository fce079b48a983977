"""Asks the Linux kernel about a port's connections through netlink: it looks for them itself, and tells only of those.

/proc/net/tcp lists every socket of the machine, those that linger in TIME_WAIT by the ten thousand included.
Source: Linux, include/uapi/linux/inet_diag.h and netlink.h; man 7 sock_diag.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

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
UNREAD_OFFSET = HEADER.size + 4 + SOCKET_ID.size + 4
"""`idiag_rqueue` in a `struct inet_diag_msg`: after four bytes, the socket id and the timer's expiry."""
UNREAD = struct.Struct("=I")
BUFFER = 256 * 1024
ANY = 0xFFFFFFFF
TIMEOUT = 1.0


def unread_connections(port: int) -> int:
    """Return how many established connections on the local `port` hold unread bytes. Raises OSError."""
    found = 0
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as netlink:
        netlink.settimeout(TIMEOUT)
        for family in (socket.AF_INET, socket.AF_INET6):
            netlink.send(_request(family, port))
            found += sum(UNREAD.unpack_from(data, start + UNREAD_OFFSET)[0] > 0 for data, start in _answers(netlink))
    return found


def _request(family: int, port: int) -> bytes:
    body = REQUEST.pack(family, socket.IPPROTO_TCP, 0, ESTABLISHED_ONLY) + SOCKET_ID.pack(port, 0, ANY, ANY)
    return HEADER.pack(HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, REQUEST_DUMP, 0, 0) + body


def _answers(netlink: socket.socket) -> Iterator[tuple[bytes, int]]:
    """Yield each connection's message, as the buffer that holds it and where it starts there."""
    while True:
        data, start = netlink.recv(BUFFER), 0
        while start < len(data):
            length, kind, *_ = HEADER.unpack_from(data, start)
            if kind == DONE:
                return
            if kind == ERROR:
                code = -int(struct.unpack_from("=i", data, start + HEADER.size)[0])
                raise OSError(code, os.strerror(code))
            yield data, start
            start += (length + 3) & ~3
