"""The admin port of `watch`: metrics and probes, in a few hundred kilobytes (http.server takes 8 MB)."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from socketserver import StreamRequestHandler, TCPServer, ThreadingMixIn
from threading import Lock, active_count
from typing import Any

from inflight.watch.metrics import CONTENT_TYPE, text
from inflight.watch.watcher import KernelError, Watcher

PLAIN = "text/plain; charset=utf-8"
TIMEOUT = 5.0
"""Seconds that a client may take for each piece of its request."""
LONGEST_LINE = 8192
MOST_HEADERS = 100
MOST_THREADS = 32
"""A connection that comes when there are as many is closed."""


class MetricsServer(ThreadingMixIn, TCPServer):
    """Serves `/metrics`, `/livez` and `/readyz`; binds in the constructor, which raises OSError."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, watcher: Watcher) -> None:
        self.address_family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        self._watcher = watcher
        self._lock = Lock()
        self.pages: dict[str, Callable[[], tuple[HTTPStatus, str, str]]] = {
            "/metrics": self._metrics,
            "/livez": lambda: (HTTPStatus.OK, PLAIN, "ok\n"),
            "/readyz": lambda: (HTTPStatus.OK, PLAIN, "ok\n"),
        }
        super().__init__((host, port), _Handler)
        self.port: int = self.server_address[1]

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Return whether there are threads left."""
        return active_count() < MOST_THREADS

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that hangs up or is too slow."""

    def _metrics(self) -> tuple[HTTPStatus, str, str]:
        with self._lock:
            try:
                return HTTPStatus.OK, CONTENT_TYPE, text(self._watcher.look())
            except KernelError as error:
                return HTTPStatus.SERVICE_UNAVAILABLE, PLAIN, f"{error}\n"


class _Handler(StreamRequestHandler):
    timeout = TIMEOUT
    server: MetricsServer

    def handle(self) -> None:
        """Read one request, send its response, and close."""
        method, _, target = self.rfile.readline(LONGEST_LINE).decode("latin-1").partition(" ")
        for _ in range(MOST_HEADERS):
            if self.rfile.readline(LONGEST_LINE) in {b"\r\n", b"\n", b""}:
                break
        page = self.server.pages.get(target.partition(" ")[0].partition("?")[0])
        if method not in {"GET", "HEAD"}:
            status, content_type, body = HTTPStatus.METHOD_NOT_ALLOWED, PLAIN, "only GET and HEAD\n"
        elif page is None:
            status, content_type, body = HTTPStatus.NOT_FOUND, PLAIN, "not found: try /metrics, /livez or /readyz\n"
        else:
            status, content_type, body = page()
        headers = f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers += "Allow: GET, HEAD\r\n"
        response = f"HTTP/1.1 {status.value} {status.phrase}\r\n{headers}\r\n{body if method != 'HEAD' else ''}"
        with suppress(OSError):
            self.wfile.write(response.encode())
