"""The admin port: metrics and probes, served by threads of its own, so that they answer while the event loop cannot."""

from __future__ import annotations

import errno
import logging
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from time import monotonic
from typing import Any, ClassVar

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from services.telemetry.scrape import Scrape
from services.telemetry.signals import leave_signals_to_main_thread

IDLE_TIMEOUT = 5.0
"""Seconds that a client may take from one answer to having read the next, before it is hung up on."""
MAX_CONNECTIONS = 250
"""Connections at once, each with a thread of its own; for one more, the one that waits longest is hung up on."""


class PortError(Exception):
    """A port cannot be listened on; the text names it, the reason, and the setting that picks another."""

    def __init__(self, host: str, port: int, setting: str, error: OSError) -> None:
        reason = "the port is in use" if error.errno == errno.EADDRINUSE else (error.strerror or str(error)).lower()
        super().__init__(f"cannot listen on {host}:{port}: {reason}; set {setting} (or HOST) to another")


log = logging.getLogger(__name__)

POLL = 0.05
"""Seconds within which `close` is noticed."""

Answer = tuple[HTTPStatus, str, bytes]
TEXT = "text/plain; charset=utf-8"


class AdminServer:
    """Serves `/metrics`, `/livez` and `/readyz` from a thread until it is closed.

    Binds in the constructor, in the caller's thread: a port that is taken raises PortError there.
    `alive` and `ready` return None when all is well, else the reason in words.
    """

    def __init__(
        self,
        host: str,
        port: int,
        registry: CollectorRegistry,
        alive: Callable[[], str | None] = lambda: None,
        ready: Callable[[], str | None] = lambda: None,
    ) -> None:
        paths = {
            "/metrics": None,
            "/livez": lambda: _probe(alive()),
            "/readyz": lambda: _probe(ready()),
        }
        handler = type("AdminHandler", (_Handler,), {"paths": paths, "scrape": Scrape(registry)})
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
            self._server = type("AdminServer", (_Server,), {"address_family": family})((host, port), handler)
        except OSError as error:
            raise PortError(host, port, "ADMIN_PORT", error) from error
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._serve, name="admin", daemon=True)

    def start(self) -> None:
        """Start answering."""
        self._thread.start()

    def _serve(self) -> None:
        leave_signals_to_main_thread()
        self._server.serve_forever(POLL)

    def close(self) -> None:
        """Stop answering and free the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *args: Any) -> None:
        self.waiting_since: dict[socket.socket, float] = {}
        super().__init__(*args)

    def server_bind(self) -> None:
        """Bind, and do not ask a resolver for the host's name as `HTTPServer` does: it may take long to say nothing."""
        TCPServer.server_bind(self)

    def verify_request(self, request: Any, client_address: object) -> bool:
        """Take the connection, at the expense of the one that has waited longest where there are too many."""
        if len(self.waiting_since) >= MAX_CONNECTIONS:
            longest = min(tuple(self.waiting_since.items()), key=lambda item: item[1])[0]
            self.waiting_since.pop(longest, None)
            _hang_up(longest)
        self.waiting_since[request] = monotonic()
        return True

    def service_actions(self) -> None:
        """Hang up on the slow; `http.server`'s own timeout is for each read, so dribbling would buy time."""
        now = monotonic()
        for connection, since in tuple(self.waiting_since.items()):
            if now - since > IDLE_TIMEOUT:
                _hang_up(connection)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection, and close it."""
        self.waiting_since.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a scraper that hangs up, which is its own business."""
        error = sys.exception()
        if not isinstance(error, OSError):
            log.error("an admin request failed", exc_info=error)


class _Handler(BaseHTTPRequestHandler):
    paths: ClassVar[dict[str, Callable[[], Answer] | None]]
    scrape: ClassVar[Scrape]
    server: _Server
    timeout = IDLE_TIMEOUT
    protocol_version = "HTTP/1.1"
    server_version = "inflight-lab"
    sys_version = ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path not in self.paths:
            self._answer(HTTPStatus.NOT_FOUND, TEXT, b"not found: try /metrics, /livez or /readyz\n")
            return
        answer = self.paths[path] or self._metrics
        try:
            found = answer()
        except Exception:  # a collector's, or a probe's: a pod that is killed for it needs to say why
            log.exception("%s cannot be answered", path)
            found = HTTPStatus.INTERNAL_SERVER_ERROR, TEXT, b"it failed; the log says why\n"
        self._answer(*found)

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what http.server itself refuses: a method without a `do_` is one that is not allowed."""
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        self.close_connection = True
        self._answer(status, TEXT, f"{status.phrase.lower()}\n".encode())

    def _metrics(self) -> Answer:
        try:
            encode, content_type = choose_encoder(self.headers.get("Accept", ""))
        except (ValueError, TypeError):  # an Accept whose version is not a number
            encode, content_type = choose_encoder("")
        return HTTPStatus.OK, content_type, self.scrape.text(encode, content_type)

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.server.waiting_since[self.connection] = monotonic()

    def log_message(self, *_args: object) -> None:
        """Keep a second's scrapes and probes out of the service's log."""


def _hang_up(connection: socket.socket) -> None:
    """Wake the connection's thread from whatever it waits for; it closes the connection then."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _probe(trouble: str | None) -> Answer:
    if trouble is None:
        return HTTPStatus.OK, TEXT, b"ok\n"
    return HTTPStatus.SERVICE_UNAVAILABLE, TEXT, trouble.encode() + b"\n"
