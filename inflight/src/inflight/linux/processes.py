"""Which process has a socket, as far as /proc shows it: one's own processes, or everybody's for root.

Source: man 5 proc_pid_fd, proc_pid_stat, proc_pid_cmdline.
"""

from __future__ import annotations

import os
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
SOCKET = "socket:["
"""What the name of an open socket begins with; its inode follows."""


class Process(NamedTuple):
    """The oldest process that has the socket open, and how many others have."""

    pid: int
    command: str
    started: float
    """Unix time."""
    others: int


def owners(inodes: set[int], proc: Path = PROC) -> dict[int, Process]:
    """Return the process of each socket; one that cannot be seen is missing."""
    sharing: dict[int, list[Path]] = defaultdict(list)
    for process in proc.iterdir():
        if process.name.isdecimal():
            for inode in inodes & (sockets_of(process) or set()):
                sharing[inode].append(process)
    found = {}
    for inode, processes in sharing.items():
        with suppress(OSError, ValueError, StopIteration):  # one has ended meanwhile
            started, pid, process = min((_started(each), int(each.name), each) for each in processes)
            found[inode] = Process(pid, _command(process), started, len(processes) - 1)
    return found


def sockets_of(process: Path = PROC / "self") -> set[int] | None:
    """Return the inodes of a process's sockets; None where they cannot be seen: another user's, or it has ended."""
    folder, found = f"{process}/fd", set()
    try:
        names = os.listdir(folder)  # noqa: PTH208 - thousands of them, of which only the targets matter
    except OSError:
        return None
    for name in names:
        with suppress(OSError):  # it has just been closed
            target = os.readlink(f"{folder}/{name}")  # noqa: PTH115
            if target.startswith(SOCKET):
                found.add(int(target[len(SOCKET) : -1]))
    return found


def _started(process: Path) -> float:
    after_name = (process / "stat").read_text(errors="replace").rpartition(")")[2].split()  # a name may hold anything
    booted = next(line for line in (process.parent / "stat").read_text().splitlines() if line.startswith("btime "))
    return int(booted.split()[1]) + int(after_name[19]) / os.sysconf("SC_CLK_TCK")


def _command(process: Path) -> str:
    words = (process / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    return " ".join(word.decode(errors="replace") for word in words)
