"""What the kernel knows of one TCP connection, through `getsockopt(TCP_INFO)`. Linux only."""

from __future__ import annotations

import socket
import struct
import sys
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio

LAST_DATA_RECV = struct.Struct("=I")
LAST_DATA_RECV_OFFSET = 52
"""`tcpi_last_data_recv` in `struct tcp_info` (Linux, include/uapi/linux/tcp.h): 8 bytes, then 11 numbers before it."""
TCP_INFO_SIZE = LAST_DATA_RECV_OFFSET + LAST_DATA_RECV.size
STEP = 0.004
"""Seconds: the steps in which most kernels count them (CONFIG_HZ=250)."""
TOTAL_RETRANS = struct.Struct("=I")
TOTAL_RETRANS_OFFSET = 100
"""`tcpi_total_retrans`, 11 numbers after `tcpi_last_data_recv`."""

TCP_ESTABLISHED = b"\x01"
"""`tcpi_state`, the first byte of `struct tcp_info`, of a connection that is open at both ends (net/tcp_states.h)."""

AVAILABLE = sys.platform == "linux" and hasattr(socket, "TCP_INFO")


class Socket(Protocol):
    """What the kernel is asked through: a socket, or the stand-in that an asyncio or uvloop transport hands out."""

    def getsockopt(self, level: int, optname: int, buflen: int, /) -> bytes:
        """Return the option's bytes."""


class BorrowedSocket(socket.socket):
    """A transport's descriptor as a socket, to ask the kernel through; `detach` it when the connection is lost.

    The transport's own stand-in for its socket asks at three times the cost. A socket that is forgotten closes its
    descriptor, which may be another connection's by then; this one leaves it alone. (uvloop does not tell a protocol of
    a loss when the task that connects is cancelled.)
    """

    __slots__ = ()

    def __init__(self, transport: asyncio.BaseTransport) -> None:
        descriptor = transport.get_extra_info("socket").fileno()
        super().__init__(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=descriptor)

    def __del__(self) -> None:
        self.detach()


def waited(sock: Socket) -> float | None:
    """Return the seconds since the last bytes arrived in `sock`, or None where the kernel does not say.

    Asked when a request's headers are complete, it is how long that request lay unread. The kernel counts in jiffies,
    a STEP each on most machines. A request whose bytes came in pieces is counted from the last piece.
    """
    if not AVAILABLE:
        return None
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_SIZE)
        (milliseconds,) = LAST_DATA_RECV.unpack_from(info, LAST_DATA_RECV_OFFSET)
    except (OSError, struct.error, AttributeError):
        return None
    return float(milliseconds) / 1000


def retransmissions(sock: Socket) -> int | None:
    """Return how many segments of the connection were sent again, or None where the kernel does not say.

    The first segment of a handshake counts too (net/ipv4/tcp_output.c, `__tcp_retransmit_skb`).
    """
    if not AVAILABLE:
        return None
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TOTAL_RETRANS_OFFSET + TOTAL_RETRANS.size)
        (segments,) = TOTAL_RETRANS.unpack_from(info, TOTAL_RETRANS_OFFSET)
    except (OSError, struct.error, AttributeError):
        return None
    return int(segments)


def left_by_peer(sock: Socket) -> bool:
    """Return whether the peer has closed its end of `sock`, which a blocked event loop has not read yet."""
    if not AVAILABLE:
        return False
    try:
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[:1] != TCP_ESTABLISHED
    except (OSError, AttributeError):
        return False
