"""Runs one service: its sockets, its telemetry, its admin port, and its stop, step by step."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import socket
import sys
from collections.abc import Callable
from time import monotonic
from types import FrameType
from typing import TypeVar

import uvicorn
from prometheus_client import disable_created_metrics
from starlette.types import ASGIApp

from services.draining import DrainingMiddleware
from services.logs import log_config
from services.settings import ServiceSettings, SettingsError, read_settings
from services.shedding import SheddingMiddleware
from services.telemetry import Telemetry
from services.telemetry.admin import AdminServer, PortError
from services.telemetry.kernel import unread_connections
from services.telemetry.middleware import TelemetryMiddleware
from services.telemetry.protocol import stamped_protocol

BACKLOG = 65535
"""Connections that may wait to be accepted; the kernel lowers it to net.core.somaxconn."""
IDLE_TIMEOUT = 75
"""Seconds that a kept-alive connection may idle: longer than our clients keep one, so that none is used dead."""
POLL = 0.01
USAGE_ERROR = 2

S = TypeVar("S", bound=ServiceSettings)


class Server(uvicorn.Server):
    """uvicorn's server, with a readiness and a stop that lose no request.

    The first SIGTERM or SIGINT: not ready from then on; go on accepting for `drain_delay` (Kubernetes still sends
    traffic for a moment); read what lies unread in the kernel; stop listening; let requests finish, up to
    `drain_timeout`; exit with 0. A second one ends the process at once, even while the event loop is blocked.
    """

    def __init__(self, config: uvicorn.Config, telemetry: Telemetry, port: int, drain_delay: float) -> None:
        super().__init__(config)
        self._telemetry = telemetry
        self._port = port
        self._drain_delay = drain_delay
        self._draining_since: float | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal says to stop."""
        async with self._telemetry.running():
            await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain; on a second signal, die of it."""
        if self._draining_since is not None:
            signal.signal(sig, signal.SIG_DFL)
            os.kill(os.getpid(), sig)
            return
        self._draining_since = monotonic()
        goodbye = (b"connection", b"close")
        self.config.encoded_headers.append(goodbye)
        self.server_state.default_headers = [*self.server_state.default_headers, goodbye]

    async def on_tick(self, counter: int) -> bool:
        """Tell the main loop to stop when the drain delay is over."""
        since = self._draining_since
        return await super().on_tick(counter) or (since is not None and monotonic() >= since + self._drain_delay)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Read what has arrived, then stop listening: closing the socket would reset requests that lie unread."""
        deadline = monotonic() + (self.config.timeout_graceful_shutdown or 0)
        while unread_connections(self._port) and monotonic() < deadline:  # noqa: ASYNC110 - the kernel sends no event
            await asyncio.sleep(POLL)
        await super().shutdown(sockets)

    def trouble(self) -> str | None:
        """Return why the service is not ready, or None when it is."""
        if self._draining_since is not None:
            return "draining"
        return None if self.started else "starting"


def run(kind: type[S], build: Callable[[S, Telemetry], ASGIApp]) -> None:
    """Read the settings, build the application, serve it until told to stop.

    Exits with a line on standard error for each bad setting, or for a port that is taken.
    """
    try:
        settings = read_settings(kind)
        service = _bind(settings.host, settings.port, "PORT")
        disable_created_metrics()  # type: ignore[no-untyped-call]
        telemetry = Telemetry()
        server = _server(settings, build(settings, telemetry), telemetry, service.getsockname()[1])
        admin = _admin(settings, server, telemetry)
    except (SettingsError, PortError) as error:
        print(error, file=sys.stderr)
        sys.exit(USAGE_ERROR)
    admin.start()
    try:
        server.run(sockets=[service])
    finally:
        admin.close()


def _server(settings: ServiceSettings, app: ASGIApp, telemetry: Telemetry, port: int) -> Server:
    telemetry.watch_port(port)
    app = DrainingMiddleware(app)
    if settings.max_in_flight is not None:
        app = SheddingMiddleware(app, settings.max_in_flight)
    config = uvicorn.Config(
        TelemetryMiddleware(app, telemetry),
        loop=settings.loop,
        http=stamped_protocol(telemetry),
        ws="none",
        lifespan="on",
        backlog=BACKLOG,
        log_config=log_config(settings.log_level, settings.log_format),
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=IDLE_TIMEOUT,
        timeout_graceful_shutdown=math.ceil(settings.drain_timeout),
    )
    return Server(config, telemetry, port, settings.drain_delay)


def _admin(settings: ServiceSettings, server: Server, telemetry: Telemetry) -> AdminServer:
    def alive() -> str | None:
        stalled = telemetry.heartbeat.stalled()
        return (
            f"the event loop has stood still for {stalled:.1f} s" if stalled > settings.liveness_stall_limit else None
        )

    return AdminServer(settings.host, settings.admin_port, telemetry.registry, alive, server.trouble)


def _bind(host: str, port: int, setting: str) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
            0
        ]
        # The protocol is named because asyncio sets TCP_NODELAY only then (`base_events._set_nodelay`); without it, an
        # answer's second segment waits 40 ms for the first one's acknowledgement.
        listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    except OSError as error:
        raise PortError(host, port, setting, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        return listener
    except OSError as error:
        listener.close()
        raise PortError(host, port, setting, error) from error
