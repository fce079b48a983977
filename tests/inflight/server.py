"""A real uvicorn server in a thread, with the telemetry around any ASGI application: what in-flight tests need."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from uvicorn.config import HTTP_PROTOCOLS
from uvicorn.importer import import_from_string

from inflight.middleware import Middleware
from inflight.server_timing import parse_server_timing
from inflight.stamp import stamped
from inflight.telemetry import Telemetry
from inflight.types import ASGIApp, Send
from tests.eventually import eventually


@dataclass
class Served:
    """A running server: where it is, its telemetry, and uvicorn's part."""

    port: int
    telemetry: Telemetry
    server: uvicorn.Server

    def value(self, name: str, **labels: str) -> float | None:
        """Return a sample's value; None where there is none."""
        return self.telemetry.registry.get_sample_value(name, labels)

    def connect(self) -> socket.socket:
        """Return a connection to the server."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def get(self, path: str = "/") -> bytes:
        """Return the whole response to one request, on a connection of its own."""
        with self.connect() as connection:
            connection.sendall(request(path, close=True))
            return read_all(connection)


@contextmanager
def served(  # noqa: PLR0913 - each is a thing that a test may want otherwise
    app: ASGIApp,
    loop: str = "uvloop",
    http: str = "httptools",
    *,
    stamp: bool = True,
    protocol: Any = None,
    around: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    **options: Any,
) -> Iterator[Served]:
    """Serve `app` on a free port until the block is left; without stamps, by uvicorn's own protocol.

    `around` wraps what wraps the application; `options` are uvicorn's.
    """
    telemetry = Telemetry()
    protocol = protocol or import_from_string(HTTP_PROTOCOLS[http])
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        config = uvicorn.Config(
            around(Middleware(app, telemetry)),
            loop=loop,
            http=stamped(protocol, lambda: telemetry) if stamp else protocol,
            **{"ws": "none", "lifespan": "off", "log_level": "critical", **options},
        )
        server = uvicorn.Server(config)

        async def serve() -> None:
            telemetry.start()
            await server.serve([listener])
            telemetry.stop()

        def run() -> None:
            factory: Any = config.get_loop_factory()
            with asyncio.Runner(loop_factory=factory) as runner:
                runner.run(serve())

        thread = threading.Thread(target=run)
        thread.start()
        eventually(lambda: server.started, wanted=True)
        try:
            yield Served(port, telemetry, server)
        finally:
            server.should_exit = server.force_exit = True
            thread.join(20)


async def respond(send: Send, body: bytes = b"ok") -> None:
    """Send a whole response."""
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def request(path: str = "/", method: str = "GET", *, close: bool = False) -> bytes:
    """Return a request's bytes."""
    end = "Connection: close\r\n\r\n" if close else "\r\n"
    return f"{method} {path} HTTP/1.1\r\nHost: test\r\n{end}".encode()


def timing_of(response: bytes) -> dict[str, float]:
    """Return the ledger that came with a response."""
    lines = response.partition(b"\r\n\r\n")[0].decode().lower().split("\r\n")
    return parse_server_timing(next(line.partition(":")[2] for line in lines if line.startswith("server-timing")))


def read_all(connection: socket.socket) -> bytes:
    """Return everything that comes until the connection is closed."""
    data = b""
    while chunk := connection.recv(65536):
        data += chunk
    return data


def read_until(connection: socket.socket, end: bytes) -> bytes:
    """Return what comes, up to and with `end`."""
    data = b""
    while not data.endswith(end):
        chunk = connection.recv(1)
        assert chunk, f"the connection was closed after {data!r}"
        data += chunk
    return data
