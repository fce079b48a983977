"""How long the oldest unread request has lain in the kernel. Linux only."""

from __future__ import annotations

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
        unread = _unread(live)
    except (OSError, ImportError):  # a sandbox may forbid netlink, a Python may be built without ctypes
        return None
    waiting = live.unread_requests(each.inode for each in unread)
    return max((each.since_received for each in unread if each.since_received and each.inode in waiting), default=None)


def _unread(live: Live) -> list[Connection]:
    return [
        each
        for port in tuple(live.ports)
        for family in sock_diag.FAMILIES
        for each in sock_diag.busy_connections(family, port)
        if each.unread
    ]
