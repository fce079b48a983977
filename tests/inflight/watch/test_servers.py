"""Servers in several languages that know nothing of being watched, and that do not read for a while."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from time import monotonic

import pytest

from tests.eventually import eventually
from tests.inflight.watch.servers import GET, LOOPBACK, free_port, requests, running, seen, watch

pytestmark = [pytest.mark.long, pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")]

NODE = """
const http = require("http");
http.createServer((request, response) => {
  const end = Date.now() + 600000; while (Date.now() < end);
}).listen(Number(process.argv[1]), "127.0.0.1");
"""
ASGI = """
import time
async def app(scope, receive, send):
    if scope["type"] == "http":
        time.sleep(600)
"""
WSGI = """
import time
def app(environ, start_response):
    time.sleep(600)
"""


@contextmanager
def blocked(*command: str | Path, port: int, cwd: Path, requests_more: int = 9) -> Iterator[None]:
    """Run the server, block it with one request that it has read, and send some more."""
    with running(*command, port=port, cwd=cwd), requests(port, 1):
        eventually(lambda: seen(port)["unread"], 0)
        with requests(port, requests_more):
            yield


def assert_nobody_reads(port: int, number: int = 9) -> None:
    """Assert that the command says so, how many wait and for how long, and that its status is 1."""
    eventually(lambda: (seen(port)["oldest_unread_seconds"] or 0) > 1, True)
    asked = monotonic()
    found = watch(port, "--once")
    assert monotonic() - asked < 20
    assert found.returncode == 1
    assert re.search(rf"{port}: .*nobody reads: {number} requests wait, the oldest for \d+\.\d s", found.stdout)
    assert seen(port)["waiting"] == number


def test_pythons_own_server(tmp_path: Path) -> None:
    """It serves one connection at a time: one that sends nothing keeps all others in the accept queue."""
    port = free_port()
    (tmp_path / "one.py").write_text(
        "import sys; from http.server import *\n"
        "HTTPServer(('127.0.0.1', int(sys.argv[1])), SimpleHTTPRequestHandler).serve_forever()"
    )
    with (
        running(sys.executable, "one.py", str(port), port=port, cwd=tmp_path),
        socket.create_connection((LOOPBACK, port)),
    ):
        eventually(lambda: seen(port)["accept_queue"], 0)
        with requests(port, 4):
            assert_nobody_reads(port, 4)
            assert seen(port)["accept_queue"] == 4


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_blocked_uvicorn(loop: str, tmp_path: Path) -> None:
    """A handler that sleeps holds the loop, on both loops."""
    port = free_port()
    (tmp_path / "app.py").write_text(ASGI)
    options = ["--loop", loop, "--port", str(port), "--lifespan", "off"]
    with blocked(sys.executable, "-m", "uvicorn", "app:app", *options, port=port, cwd=tmp_path):
        assert_nobody_reads(port)


@pytest.mark.skipif(find_spec("gunicorn") is None, reason="gunicorn is not installed")
def test_gunicorns_sync_workers_with_a_full_backlog(tmp_path: Path) -> None:
    """The kernel refuses connections, and counts it, while both workers are busy."""
    port = free_port()
    (tmp_path / "app.py").write_text(WSGI)
    options = ["--workers", "2", "--backlog", "4", "--bind", f"{LOOPBACK}:{port}", "--no-control-socket"]
    with running(sys.executable, "-m", "gunicorn", *options, "app:app", port=port, cwd=tmp_path), requests(port, 2):
        eventually(lambda: (seen(port)["accept_queue"], seen(port)["unread"]), (0, 0))
        with requests(port, 5), socket.socket() as refused:
            eventually(lambda: seen(port)["accept_queue"], 5)
            overflows = seen(port)["listen_overflows"]
            refused.settimeout(0.5)
            with pytest.raises(TimeoutError):
                refused.connect((LOOPBACK, port))
            found = seen(port)
            assert found["listen_overflows"] > overflows
            assert found["accept_queue_limit"] == 4
            assert found["verdict"].startswith("accept queue full: the kernel refuses connections")
            assert "gunicorn" in found["command"]
            assert watch(port, "--once").returncode == 1


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_a_node_server_that_blocks(tmp_path: Path) -> None:
    """No line of JavaScript knows of it."""
    port = free_port()
    with blocked("node", "-e", NODE, str(port), port=port, cwd=tmp_path):
        assert_nobody_reads(port)
        found = seen(port)
        assert found["accept_queue_limit"] == 511
        assert found["command"].startswith("node -e")


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_that_is_stopped(tmp_path: Path) -> None:
    """A process that the system holds (a debugger, a full CPU limit) reads nothing either; it goes on later."""
    port = free_port()
    (tmp_path / "nginx.conf").write_text(
        "daemon off; master_process off; pid nginx.pid; error_log stderr; events {}\n"
        f"http {{ access_log off; server {{ listen {LOOPBACK}:{port}; return 200 ok; }} }}"
    )
    with running("nginx", "-p", tmp_path, "-c", "nginx.conf", port=port) as nginx:
        assert seen(port)["verdict"] == "serving"
        os.kill(nginx.pid, signal.SIGSTOP)
        with requests(port, 9) as clients:
            assert_nobody_reads(port)
            os.kill(nginx.pid, signal.SIGCONT)
            assert all(client.recv(1000).startswith(b"HTTP/1.1 200") for client in clients)
            assert seen(port)["verdict"] == "serving"


def test_a_slow_upload_is_no_blocked_server(tmp_path: Path) -> None:
    """The handler wants no more of the body for now: its bytes lie unread, and nobody is to blame."""
    port = free_port()
    (tmp_path / "app.py").write_text(
        "import asyncio\n"
        "async def app(scope, receive, send):\n"
        "    if scope['type'] == 'http': await asyncio.sleep(600)\n"
    )
    options = ["--port", str(port), "--lifespan", "off"]
    head = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100000000\r\n\r\n"
    with (
        running(sys.executable, "-m", "uvicorn", "app:app", *options, port=port, cwd=tmp_path),
        socket.create_connection((LOOPBACK, port)) as client,
    ):
        client.sendall(head)
        client.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.sendall(bytes(50_000_000))
        found = seen(port)
        assert (found["unread"], found["waiting"], found["verdict"]) == (1, 0, "serving")
        assert watch(port, "--once", "--max-wait", "0").returncode == 0
        with socket.create_connection((LOOPBACK, port)) as other:
            other.sendall(GET)
            eventually(lambda: seen(port)["connections"], 2)
            eventually(lambda: seen(port)["unread"], 1)


def test_one_blocked_worker_of_two_is_said_as_it_is(tmp_path: Path) -> None:
    """Requests on a connection of the blocked one wait, and others are read."""
    port = free_port()
    (tmp_path / "two.py").write_text(
        "import os, socket, sys, time\n"
        "server = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "first, _ = server.accept()\n"
        "while True:\n"
        "    other, _ = server.accept()\n"
        "    while other.recv(1000): other.sendall(b'HTTP/1.1 204 No Content\\r\\n\\r\\n')\n"
    )
    with running(sys.executable, "two.py", str(port), port=port, cwd=tmp_path), requests(port, 1):
        eventually(lambda: (seen(port)["oldest_unread_seconds"] or 0) > 1, True)
        assert seen(port)["verdict"].startswith("nobody reads: 1 request waits")
        with requests(port, 1) as (other,):
            assert other.recv(1000).startswith(b"HTTP/1.1 204")
            assert seen(port)["verdict"].startswith("some are not read: 1 request waits")
