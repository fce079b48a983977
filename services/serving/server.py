"""uvicorn's server, with a readiness and a stop that lose no request."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from time import monotonic
from types import FrameType
from typing import Any

import uvicorn

from inflight.linux import unread_connections
from services.serving.draining import Drain
from services.serving.listener import accept_all

POLL = 0.01
GRACE = 1.0
"""Seconds that open connections may still bring a request when the service no longer listens."""


class Server(uvicorn.Server):
    """uvicorn's server, with a readiness and a stop that lose no request.

    The first SIGTERM or SIGINT: not ready from then on; go on accepting for the drain's delay (Kubernetes still sends
    traffic for a moment); stop listening; read what lies unread in the kernel and let requests finish, up to the
    drain's timeout; exit with 0. A second one ends the process at once, even while the event loop is blocked.
    """

    def __init__(self, config: uvicorn.Config, port: int, drain: Drain) -> None:
        super().__init__(config)
        self._port = port
        self._drain = drain

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain; on a second signal, die of it."""
        if self._drain.begun:
            signal.signal(sig, signal.SIG_DFL)
            os.kill(os.getpid(), sig)
            return
        self._drain.begin()

    async def on_tick(self, counter: int) -> bool:
        """Tell the main loop to stop when the drain delay is over."""
        return await super().on_tick(counter) or self._drain.closing

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, then close what is idle, but only when nothing lies unread: closing would reset it."""
        await self._stop_listening(sockets or [])
        await self._read_all()
        if self.server_state.connections:
            await asyncio.sleep(GRACE)  # for what clients are about to ask, on connections that they have just opened
            await self._read_all()
        # What comes after the drain gets its response at once. (The value is given to asyncio.wait_for.)
        self.config.timeout_graceful_shutdown = max(GRACE, self._drain.left)  # type: ignore[assignment]
        await super().shutdown(sockets)

    async def _stop_listening(self, listeners: list[socket.socket]) -> None:
        """Close the listeners; what the kernel has already accepted for them is served: closing would reset it."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(POLL)  # for connections that are half open
        accepted = [connection for listener in listeners for connection in accept_all(listener)]
        for server in self.servers:
            server.close()
        for connection in accepted:
            await loop.connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> asyncio.Protocol:
        kind: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = kind(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol

    async def _read_all(self) -> None:
        await asyncio.sleep(POLL)
        deadline = monotonic() + max(GRACE, self._drain.left)
        while unread_connections(self._port) and monotonic() < deadline:  # noqa: ASYNC110 - the kernel sends no event
            await asyncio.sleep(POLL)

    def trouble(self) -> str | None:
        """Return why the service is not ready, or None when it is."""
        if self._drain.begun:
            return "draining"
        return None if self.started else "starting"
