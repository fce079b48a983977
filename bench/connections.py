"""Connections to a port of loopback, kept open by a process of their own: open files are limited for each.

`python -m bench.connections PORT COUNT PATH REQUESTS` opens them, sends a GET of PATH on the first so many, says so,
and keeps them until its standard input ends.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from types import TracebackType
from typing import Self

from inflight.terminal.errors import CommandError
from services.lab.process import LOOPBACK, SOURCES


class Connections:
    """So many connections, until the block is left; on each of the first `requests` one GET of `path` is sent."""

    def __init__(self, port: int, count: int, path: str = "/", requests: int = 0) -> None:
        self._argv = [sys.executable, "-m", "bench.connections", *map(str, (port, count, path, requests))]

    def __enter__(self) -> Self:
        """Open them; they need not be accepted yet."""
        self._process = subprocess.Popen(  # noqa: S603 - this very module
            self._argv, cwd=SOURCES, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            self.__exit__(None, None, None)
            raise CommandError("the connections could not be opened")
        return self

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        """Close them."""
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()


def main(port: int, count: int, path: str, requests: int) -> None:
    """Open, and keep."""
    kept = []
    for number in range(count):
        kept.append(socket.create_connection((LOOPBACK, port)))
        if number < requests:
            kept[-1].sendall(f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\n\r\n".encode())
    print(len(kept), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
