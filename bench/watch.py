"""What `inflight watch --admin-port` costs beside a server with ten thousand connections.

`python -m bench.watch [CONNECTIONS [UNREAD]]` prints the time and the processor's time of a scrape, and the memory of
the whole process.
"""

from __future__ import annotations

import os
import re
import resource
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from urllib.request import urlopen

from inflight.linux import sock_diag

SCRAPES = 30
LOOPBACK = "127.0.0.1"


def main(connections: int = 10_000, unread: int = 100) -> None:
    """Measure, and print."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with socket.create_server((LOOPBACK, 0), backlog=4096) as server, ExitStack() as stack:
        port = server.getsockname()[1]
        client = _Client(port, connections, unread)
        stack.callback(client.end)
        accepted = [stack.enter_context(server.accept()[0]) for _ in range(connections)]
        command = [sys.executable, "-m", "inflight", "watch", str(port), "--admin-port", "0"]
        watch = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))  # noqa: S603 - this program
        stack.callback(watch.terminate)
        assert watch.stdout is not None
        url = watch.stdout.readline().split()[-1]
        before = _processor_seconds(watch.pid)
        times = [_scrape(url) for _ in range(SCRAPES)]
        processor = (_processor_seconds(watch.pid) - before) / SCRAPES
        figures = {
            "connections": len(accepted),
            "scrape, median": f"{median(times) * 1000:.1f} ms",
            "scrape, best": f"{min(times) * 1000:.1f} ms",
            "processor's time of a scrape": f"{processor * 1000:.1f} ms",
            "of it the list of connections": f"{min(_listing(port) for _ in range(SCRAPES)) * 1000:.1f} ms",
            "resident memory": f"{_memory(watch.pid, 'VmRSS')} MB, at most {_memory(watch.pid, 'VmHWM')} MB",
            "of it its own": f"{_memory(watch.pid, 'RssAnon')} MB",
        }
        print("\n".join(f"{name:>30}  {figure}" for name, figure in figures.items()))


class _Client:
    """Keeps connections in a process of its own, which a limit of open files is for, too."""

    def __init__(self, port: int, connections: int, unread: int) -> None:
        goes_on, self._stop = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            os.close(self._stop)
            kept = [socket.create_connection((LOOPBACK, port)) for _ in range(connections)]
            for each in kept[:unread]:
                each.sendall(b"GET / HTTP/1.1\r\n\r\n")
            os.read(goes_on, 1)
            os._exit(0)
        os.close(goes_on)

    def end(self) -> None:
        """Close all of them."""
        os.close(self._stop)
        os.waitpid(self._pid, 0)


def _scrape(url: str) -> float:
    began = perf_counter()
    with urlopen(url) as response:  # noqa: S310 - our own, on loopback
        response.read()
    return perf_counter() - began


def _listing(port: int) -> float:
    began = process_time()
    list(sock_diag.connections(socket.AF_INET, port))
    return process_time() - began


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(pid: int, field: str) -> str:
    found = re.search(rf"{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return f"{int(found[1]) * 1024 / 1e6:.1f}"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
