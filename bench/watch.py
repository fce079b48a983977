"""What `inflight watch PORT --admin-port` costs beside a server with ten thousand connections."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from time import perf_counter
from typing import Any

from bench.connections import Connections
from bench.program import ask, resident, run_time, system_time
from bench.time_wait import wait_until_forgotten
from services.lab.process import LOOPBACK

CONNECTIONS, UNREAD, SCRAPES = 10_000, 100, 30

Say = Callable[[str], None]


def steps() -> int:
    """Return how many times `measure` will say something."""
    return 2


def measure(say: Say) -> dict[str, Any]:
    """Return the seconds of each scrape, the processor seconds of one (the kernel's, too), and the resident bytes."""
    say("connections of earlier parts are forgotten")
    left = wait_until_forgotten()
    say("inflight watch beside 10,000 connections")
    with socket.create_server((LOOPBACK, 0), backlog=4096) as server, ExitStack() as stack:
        port = server.getsockname()[1]
        accepting = Accepting(server)
        accepting.start()
        stack.callback(accepting.close)
        stack.enter_context(Connections(port, CONNECTIONS, "/", UNREAD))
        accepting.join()
        command = [sys.executable, "-m", "inflight", "watch", str(port), "--admin-port", "0"]
        watch = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))  # noqa: S603 - ours
        stack.callback(watch.terminate)
        assert watch.stdout is not None
        url = watch.stdout.readline().split()[-1]
        before, kernel_before = run_time(watch.pid), system_time(watch.pid)
        seconds = [_scrape(url) for _ in range(SCRAPES)]
        return {
            "connections": len(accepting.accepted),
            "time_wait": left,
            "seconds": seconds,
            "cpu": (run_time(watch.pid) - before) / SCRAPES,
            "kernel": (system_time(watch.pid) - kernel_before) / SCRAPES,
            "memory": resident(watch.pid),
        }


class Accepting(threading.Thread):
    """Accepts the connections, and reads nothing."""

    def __init__(self, server: socket.socket) -> None:
        super().__init__(daemon=True)
        self._server = server
        self.accepted: list[socket.socket] = []

    def run(self) -> None:
        """Accept all of them."""
        while len(self.accepted) < CONNECTIONS:
            self.accepted.append(self._server.accept()[0])

    def close(self) -> None:
        """Close them."""
        for each in self.accepted:
            each.close()


def _scrape(url: str) -> float:
    started = perf_counter()
    ask(url)
    return perf_counter() - started
