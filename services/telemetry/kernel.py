"""The kernel's queue: requests that have arrived in a socket and that nobody has read yet. Linux only."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from services.telemetry import sock_diag

LAST_DATA_RECV = struct.Struct("=I")
LAST_DATA_RECV_OFFSET = 52
"""`tcpi_last_data_recv` in `struct tcp_info` (Linux, include/uapi/linux/tcp.h): 8 bytes, then 11 numbers before it."""
TCP_INFO_SIZE = LAST_DATA_RECV_OFFSET + LAST_DATA_RECV.size

TCP_ESTABLISHED = b"\x01"
"""`tcpi_state`, the first byte of `struct tcp_info`, of a connection that is open at both ends (net/tcp_states.h)."""
ESTABLISHED = b"01"
"""The same as /proc/net/tcp writes it."""
TABLES = (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6"))

AVAILABLE = sys.platform == "linux" and hasattr(socket, "TCP_INFO")


class Socket(Protocol):
    """What the kernel is asked through: a socket, or the stand-in that an asyncio or uvloop transport hands out."""

    def getsockopt(self, level: int, optname: int, buflen: int, /) -> bytes:
        """Return the option's bytes."""


class BorrowedSocket(socket.socket):
    """A transport's descriptor as a socket, to ask the kernel through; `detach` it when the connection is lost.

    The transport's own stand-in for its socket asks at three times the cost. A socket that is forgotten closes its
    descriptor, which may be another connection's by then; this one leaves it alone. (uvloop tells a protocol nothing of
    a loss when who connects is cancelled.)
    """

    def __init__(self, transport: asyncio.BaseTransport) -> None:
        descriptor = transport.get_extra_info("socket").fileno()
        super().__init__(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=descriptor)

    def __del__(self) -> None:
        self.detach()


def waited(sock: Socket) -> float | None:
    """Return the seconds since the last bytes arrived in `sock`, or None where the kernel does not say.

    Asked when a request's headers are complete, it is how long that request lay unread. The kernel counts in jiffies:
    the grain is about 4 ms. A request whose bytes came in pieces is counted from the last piece.
    """
    if not AVAILABLE:
        return None
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_SIZE)
        (milliseconds,) = LAST_DATA_RECV.unpack_from(info, LAST_DATA_RECV_OFFSET)
    except (OSError, struct.error, AttributeError):
        return None
    return float(milliseconds) / 1000


def left_by_peer(sock: Socket) -> bool:
    """Return whether the peer has closed its end of `sock`, which a blocked event loop has not been told yet."""
    if not AVAILABLE:
        return False
    try:
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[:1] != TCP_ESTABLISHED
    except (OSError, AttributeError):
        return False


def unread_connections(port: int) -> int | None:
    """Return how many connections on the local `port` hold bytes that nobody has read; None where it cannot be known.

    Connections in the accept queue are among them: the kernel lists them before the program has accepted them. It
    lists those of every address and process on that port: its tables are not a process's own.
    """
    if not AVAILABLE:
        return None
    try:
        return sock_diag.unread_connections(port)
    except (OSError, ImportError):  # a sandbox may forbid netlink, a Python may be built without ctypes
        return unread_in_tables(port)


def unread_in_tables(port: int, tables: Iterable[Path] = TABLES) -> int | None:
    """Return the same from the tables in /proc, which is slow where there are many sockets.

    The kernel writes them piece by piece: when sockets come and go meanwhile, one may stand there twice, or not at all.
    """
    suffix = b":%04X" % port
    ends: set[tuple[bytes, bytes]] | None = None
    for table in tables:
        try:
            text = table.read_bytes()
        except OSError:
            continue
        ends = (ends or set()) | {(fields[1], fields[2]) for fields in _rows(text) if _holds_unread(fields, suffix)}
    return None if ends is None else len(ends)


def _rows(text: bytes) -> Iterator[list[bytes]]:
    for line in text.splitlines()[1:]:
        yield line.split(None, 5)


def _holds_unread(fields: list[bytes], suffix: bytes) -> bool:
    # sl  local_address  rem_address  st  tx_queue:rx_queue  ...
    return (
        len(fields) > 4
        and fields[3] == ESTABLISHED
        and fields[1].endswith(suffix)
        and not fields[4].endswith(b":00000000")
    )
