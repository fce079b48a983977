"""File descriptors: a request needs one, and systems allow few unless they are asked for more."""

from __future__ import annotations

import resource

MOST = 1_048_576
"""As many as Linux lets any process have by default (fs.nr_open)."""


def raise_descriptors(most: int = MOST) -> int:
    """Raise this process's limit, and so its children's, to `most` or what the system allows; return the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    while soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (ValueError, OSError):  # macOS names no limit and has one all the same (kern.maxfilesperproc)
            wanted //= 2
        else:
            return wanted
    return soft
