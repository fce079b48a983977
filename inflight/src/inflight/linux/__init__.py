"""The kernel's queue: requests that have arrived in a socket and that nobody has read yet. Linux only."""

from __future__ import annotations

import sys

from inflight.linux import proc_net, sock_diag

AVAILABLE = sys.platform == "linux"


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
        return proc_net.unread_connections(port)


def unread_inodes(port: int) -> list[int] | None:
    """Return the inode of the socket of each such connection: 0 for one that the program has not accepted yet."""
    if not AVAILABLE:
        return None
    try:
        return sock_diag.unread_inodes(port)
    except (OSError, ImportError):
        return proc_net.unread_inodes(port)
