"""How long the oldest unread request has lain in the kernel. Linux only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from inflight.linux import AVAILABLE, sock_diag
from inflight.linux.sockets import Connection

if TYPE_CHECKING:
    from inflight.live import Live


def oldest_unread(live: Live) -> float | None:
    """Return the seconds since the oldest unread bytes of a request came; None where none are, or it is unknown."""
    if not AVAILABLE:
        return None
    try:
        return max(_ages(live), default=None)
    except (OSError, ImportError):  # a sandbox may forbid netlink, a Python may be built without ctypes
        return None


def _ages(live: Live) -> Iterator[float]:
    inodes = {each.inode for each in tuple(live.connections) if not each.open}
    if not live.shares_port:
        inodes.add(0)
    for port in tuple(live.ports):
        for family in sock_diag.FAMILIES:
            for each in sock_diag.connections(family, port):
                if isinstance(each, Connection) and each.unread and each.inode in inodes and each.since_received:
                    yield each.since_received
