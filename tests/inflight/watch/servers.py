"""Real servers in processes of their own that know nothing of being watched, and clients for them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from inflight.linux.sock_diag import listeners
from tests.eventually import eventually

LOOPBACK = "127.0.0.1"
GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.create_server((LOOPBACK, 0)) as server:
        return int(server.getsockname()[1])


def listened_on(port: int) -> bool:
    """Return whether somebody listens, without a connection that the server would have to read."""
    return any(listener.port == port for _, listener in listeners())


@contextmanager
def running(*command: str | Path, port: int, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run the server until the block ends; it listens on the port when the block begins."""
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=nowhere, stderr=nowhere, process_group=0, **options) as process:
        try:
            eventually(lambda: process.poll() is None and listened_on(port), True)
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # workers outlive a master that is killed


@contextmanager
def requests(port: int, number: int, host: str = LOOPBACK) -> Iterator[list[socket.socket]]:
    """Send requests on connections of their own, and do not wait for the responses."""
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection((host, port), timeout=20)) for _ in range(number)]
        for client in clients:
            client.sendall(GET)
        yield clients


def watch(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `inflight watch` to its end."""
    command = [sys.executable, "-m", "inflight", "watch", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)


def seen(port: int) -> dict[str, Any]:
    """Return what `--once --json` says of one port."""
    found: dict[str, Any] = json.loads(watch(port, "--once", "--json").stdout)
    return found
