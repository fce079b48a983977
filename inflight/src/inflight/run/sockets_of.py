"""Which sockets a process holds, for one that cannot say so itself. Linux only."""

from __future__ import annotations

import os

PREFIX = "socket:["


def inodes_of(pid: int) -> set[int] | None:
    """Return the inodes of the sockets that a process of the same user holds; None where it cannot be known.

    Source: man 5 proc_pid_fd.
    """
    folder = f"/proc/{pid}/fd"
    found = set()
    try:
        names = os.listdir(folder)  # noqa: PTH208 - thousands of them, of which only the targets matter
    except OSError:
        return None
    for name in names:
        try:
            target = os.readlink(f"{folder}/{name}")  # noqa: PTH115
        except OSError:  # it has just been closed
            continue
        if target.startswith(PREFIX):
            found.add(int(target[len(PREFIX) : -1]))
    return found
