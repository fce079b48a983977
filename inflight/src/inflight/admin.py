"""The admin port: metrics and probes, served by threads of its own: they respond while the event loop cannot."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING, ClassVar

from inflight.port import PortError, listen

if TYPE_CHECKING:
    import socket

    from prometheus_client import CollectorRegistry

__all__ = ["AdminServer", "Page", "PortError", "Response", "leave_signals_to_main_thread", "metrics_page"]

log = logging.getLogger("inflight")

IDLE_TIMEOUT = 5.0
"""Seconds that a client may take for each piece of its request."""
POLL = 0.05
"""Seconds within which `close` is noticed."""
TEXT = "text/plain; charset=utf-8"

Response = tuple[HTTPStatus, str, bytes]
"""Status, content type, body."""
Page = Callable[[Mapping[str, str], str], Response]
"""Makes a response from the request's headers, named as in `Content-Type`, and its client's address."""


def comes_from(client: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Return whether a client's address is in one of the networks, as IPv4 inside of IPv6, too."""
    address = ip_address(client.partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in networks)


class AdminServer:
    """Serves `/metrics` of a registry, `/livez` and `/readyz`, and `pages` by path, from a thread until it is closed.

    Binds in the constructor, in the caller's thread: a port that is taken raises PortError there.
    A `listener` that listens already is used in its place. `alive` and `ready` return None when all is well, else the
    reason in words.
    """

    def __init__(  # noqa: PLR0913 - each is a thing of its own
        self,
        host: str,
        port: int,
        registry: CollectorRegistry | None,
        *,
        alive: Callable[[], str | None] = lambda: None,
        ready: Callable[[], str | None] = lambda: None,
        pages: Mapping[str, Page] | None = None,
        setting: str = "ADMIN_PORT",
        listener: socket.socket | None = None,
    ) -> None:
        all_pages: dict[str, Page] = {
            "/livez": lambda _headers, _client: _probe(alive()),
            "/readyz": lambda _headers, _client: _probe(ready()),
            **(pages or {}),
        }
        if registry is not None:
            all_pages["/metrics"] = lambda headers, _client: metrics_page(registry, headers.get("Accept", ""))
        handler = type("AdminHandler", (_Handler,), {"pages": all_pages})
        self._server = _Server(listen(host, port, setting) if listener is None else listener, handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._serve, name="admin", daemon=True)

    def start(self) -> None:
        """Start responding."""
        self._thread.start()

    def _serve(self) -> None:
        leave_signals_to_main_thread()
        self._server.serve_forever(POLL)

    def close(self) -> None:
        """Stop responding and free the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, listener: socket.socket, handler: type[BaseHTTPRequestHandler]) -> None:
        """Take a socket that listens; `HTTPServer` would ask a resolver for its name, which may take long."""
        super().__init__(("", 0), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_address = listener.getsockname()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a scraper that hangs up, which is its own business."""
        error = sys.exception()
        if not isinstance(error, OSError):
            log.error("an admin request failed", exc_info=error)


class _Handler(BaseHTTPRequestHandler):
    pages: ClassVar[Mapping[str, Page]]
    timeout = IDLE_TIMEOUT
    protocol_version = "HTTP/1.1"
    server_version = "inflight"
    sys_version = ""

    def do_GET(self) -> None:
        page = self.pages.get(self.path.partition("?")[0])
        if page is None:
            self._respond(HTTPStatus.NOT_FOUND, TEXT, f"not found: try {', '.join(self.pages)}\n".encode())
            return
        try:
            headers = {name.title(): value for name, value in self.headers.items()}
            found = page(headers, self.client_address[0])
        except Exception:  # a collector's, or a probe's: a pod that is killed for it needs to say why
            log.exception("%s: no response can be made", self.path)
            found = HTTPStatus.INTERNAL_SERVER_ERROR, TEXT, b"it failed; the log says why\n"
        self._respond(*found)

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Respond to what http.server itself refuses: a method without a `do_` is one that is not allowed."""
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        self.close_connection = True
        self._respond(status, TEXT, f"{status.phrase.lower()}\n".encode())

    def _respond(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Keep a second's scrapes and probes out of the service's log."""


def leave_signals_to_main_thread() -> None:
    """Block all signals in the running thread, and in those that it starts.

    A signal goes to any thread that does not block it (signal(7)). Taken by another one, it does not interrupt the call
    in which a blocked event loop's thread waits, and SIGTERM goes unheard until that call is over.
    """
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


def metrics_page(registry: CollectorRegistry, accept: str) -> Response:
    """Return the metrics in the format that a client accepts."""
    from prometheus_client.exposition import choose_encoder  # a supervisor does without

    try:
        encode, content_type = choose_encoder(accept)
    except (ValueError, TypeError):  # an Accept whose version is not a number
        encode, content_type = choose_encoder("")
    return HTTPStatus.OK, content_type, encode(registry)


def _probe(trouble: str | None) -> Response:
    if trouble is None:
        return HTTPStatus.OK, TEXT, b"ok\n"
    return HTTPStatus.SERVICE_UNAVAILABLE, TEXT, trouble.encode() + b"\n"
