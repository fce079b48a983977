"""What this machine allows: connections that may wait to be accepted, and what of it stands in a burst's way."""

from __future__ import annotations

from pathlib import Path

SOMAXCONN = Path("/proc/sys/net/core/somaxconn")
SPARE = 200
"""File descriptors that a program has open besides its connections, generously."""


def backlog() -> int | None:
    """Return the most connections that may wait to be accepted (net.core.somaxconn); None where it is not known."""
    try:
        return int(SOMAXCONN.read_text())
    except (OSError, ValueError):
        return None


def what_limits(at_once: int, descriptors: int, somaxconn: int | None) -> str | None:
    """Return what of this machine stands in the way of so many requests at once, in words; None for nothing.

    A gateway holds two connections for each request.
    """
    needed = 2 * at_once + SPARE
    if needed > descriptors:
        return f"{at_once:,} at once need {needed:,} file descriptors; `ulimit -Hn` is {descriptors:,}"
    if somaxconn is not None and at_once > somaxconn:
        return f"{at_once:,} at once may overflow the queue of connections; net.core.somaxconn is {somaxconn:,}"
    return None
