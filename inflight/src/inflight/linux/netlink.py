"""Puts questions about TCP sockets to the Linux kernel through netlink, and yields its answers as they stand.

Needs no privileges. Source: Linux, include/uapi/linux/inet_diag.h and netlink.h; man 7 sock_diag.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ctypes

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
REQUEST, REQUEST_DUMP = 0x1, 0x301
"""NLM_F_REQUEST, and with NLM_F_DUMP, which asks for all that match."""
ERROR, DONE = 2, 3

HEADER = struct.Struct("=IHHII")
"""`struct nlmsghdr`: length, type, flags, sequence, port id."""
SELECTION = struct.Struct("=BBBxI")
"""`struct inet_diag_req_v2` up to its socket id: family, protocol, extensions, states."""
SOCKET_ID = struct.Struct("!HH36xII")
"""`struct inet_diag_sockid`: source port, destination port, addresses, interface, and a cookie, all ones for any."""
ERROR_CODE = struct.Struct("=16xi")
"""The code behind the header, of an error and of a dump's end: minus an errno, or 0."""
GONE = (errno.ENOENT, errno.ESTALE)
"""What the kernel says of a socket that it does not know, or no more: another has its addresses now."""
BUFFER = 64 * 1024
"""Bytes; the kernel fills at most 32 KiB at a time."""
ANY = 0xFFFFFFFF


def listed(family: int, port: int, states: int, extensions: int = 0) -> Iterator[tuple[memoryview, int]]:
    """Yield the messages of all sockets on the local `port`, or on all (0), and the bytes of each. Raises OSError.

    They come in parts, in which all are equally long; a part is overwritten by the next.
    """
    buffer = bytearray(BUFFER)
    view = memoryview(buffer)
    with _netlink() as netlink:
        _send(netlink, _question(REQUEST_DUMP, family, extensions, states, SOCKET_ID.pack(port, 0, ANY, ANY)))
        while True:
            start, end = 0, _receive(netlink, buffer)
            while start < end:
                length, kind, *_ = HEADER.unpack_from(buffer, start)
                if kind in {DONE, ERROR}:
                    _raise_for_error(buffer, start)
                    return
                size = (length + 3) & ~3
                part = view[start : end - (end - start) % size]
                lengths = part.cast("I")[:: size // 4].tolist()
                if lengths.count(length) < len(lengths):
                    part = part[: size * next(index for index, other in enumerate(lengths) if other != length)]
                yield part, size
                start += len(part)


def found(family: int, socket_ids: Iterable[bytes], extensions: int) -> Iterator[memoryview]:
    """Yield the message of each of these sockets, a `struct inet_diag_sockid` each, that still exists. Raises OSError.

    A message is overwritten by the next.
    """
    buffer = bytearray(BUFFER)
    with _netlink() as netlink:
        for socket_id in socket_ids:
            _send(netlink, _question(REQUEST, family, extensions, ANY, socket_id))
            _receive(netlink, buffer)
            length, kind, *_ = HEADER.unpack_from(buffer)
            if kind != ERROR:
                yield memoryview(buffer)[: (length + 3) & ~3]
            elif -ERROR_CODE.unpack_from(buffer)[0] not in GONE:
                _raise_for_error(buffer, 0)


def _netlink() -> socket.socket:
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)


def _question(flags: int, family: int, extensions: int, states: int, socket_id: bytes) -> bytes:
    body = SELECTION.pack(family, socket.IPPROTO_TCP, extensions, states) + socket_id
    return HEADER.pack(HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, flags, 0, 0) + body


def _raise_for_error(buffer: bytearray, start: int) -> None:
    """Raise OSError where the dump ended in one."""
    (code,) = ERROR_CODE.unpack_from(buffer, start)
    if code < 0:
        raise OSError(-code, os.strerror(-code))


def _send(netlink: socket.socket, question: bytes) -> None:
    """Ask; the kernel has answered when this returns."""
    _checked(_libc().send(netlink.fileno(), question, len(question), 0))


def _receive(netlink: socket.socket, buffer: bytearray) -> int:
    """Read the next part, and return its length; the kernel has it ready, so this never waits."""
    import ctypes

    start = (ctypes.c_char * len(buffer)).from_buffer(buffer)
    return _checked(_libc().recv(netlink.fileno(), start, len(buffer), socket.MSG_DONTWAIT))


def _checked(length: int) -> int:
    import ctypes

    if length < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return length


@cache
def _libc() -> ctypes.PyDLL:
    """Return the C library; calls through it keep the interpreter's lock.

    Python's own release it, and in a busy service it takes 5 ms (`sys.getswitchinterval`) to get it back: with 4,000
    connections, twenty times in a scrape.
    """
    import ctypes  # a service starts without it

    return ctypes.PyDLL(None, use_errno=True)
