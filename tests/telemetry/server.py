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
from starlette.types import ASGIApp

from services.telemetry import Telemetry
from services.telemetry.middleware import TelemetryMiddleware
from services.telemetry.protocol import stamped_protocol


@dataclass
class Served:
    """A running server: where it is, its telemetry, and uvicorn's part."""

    port: int
    telemetry: Telemetry
    server: uvicorn.Server

    def value(self, name: str, **labels: str) -> float:
        """Return a sample's value; 0 where there is none."""
        return self.telemetry.registry.get_sample_value(name, labels) or 0.0

    def connect(self) -> socket.socket:
        """Return a connection to the server."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def get(self, path: str = "/") -> bytes:
        """Return the whole answer to one request, on a connection of its own."""
        with self.connect() as connection:
            connection.sendall(request(path, close=True))
            return read_all(connection)


@contextmanager
def served(
    app: ASGIApp,
    loop: str = "uvloop",
    *,
    stamped: bool = True,
    around: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    telemetry: Telemetry | None = None,
    **options: Any,
) -> Iterator[Served]:
    """Serve `app` on a free port until the block is left; without stamps, by uvicorn's own protocol.

    `around` wraps what wraps the application; `options` are uvicorn's.
    """
    telemetry = telemetry or Telemetry()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        telemetry.watch_port(port)
        config = uvicorn.Config(
            around(TelemetryMiddleware(app, telemetry)),
            loop=loop,
            http=stamped_protocol(telemetry) if stamped else "httptools",
            **{"ws": "none", "lifespan": "off", "log_level": "critical", **options},
        )
        server = uvicorn.Server(config)
        started = threading.Event()

        async def serve() -> None:
            async with telemetry.running():
                asyncio.get_running_loop().call_later(0, started.set)
                await server.serve([listener])

        def run() -> None:
            factory: Any = config.get_loop_factory()
            with asyncio.Runner(loop_factory=factory) as runner:
                runner.run(serve())

        thread = threading.Thread(target=run)
        thread.start()
        assert started.wait(10)
        try:
            yield Served(port, telemetry, server)
        finally:
            server.should_exit = server.force_exit = True
            thread.join(20)


def request(path: str = "/", method: str = "GET", *, close: bool = False) -> bytes:
    """Return a request's bytes."""
    end = "Connection: close\r\n\r\n" if close else "\r\n"
    return f"{method} {path} HTTP/1.1\r\nHost: test\r\n{end}".encode()


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
