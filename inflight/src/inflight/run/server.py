"""uvicorn's server and its configuration, with the telemetry around the application and the protocol."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.config import STARTUP_FAILURE, Config

from inflight.middleware import Middleware
from inflight.refused import count_refusals
from inflight.stamp import stamped
from inflight.telemetry import Telemetry, enable_log

if TYPE_CHECKING:
    import socket

log = logging.getLogger("inflight")

ONE_SIGNAL = 0.3
"""Seconds in which a second signal is the first one again: a terminal sends Ctrl-C to every process, and the supervisor
passes it on. uvicorn takes a second one for "at once"."""


class MeasuredConfig(Config):
    """Loads the application as uvicorn does, and puts the telemetry around it and the protocol."""

    telemetry: Telemetry | None = None

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        enable_log()  # --log-config

    def load(self) -> None:
        """Load the application."""
        super().load()
        enable_log()  # the application may configure logging when it is imported, as Django's do
        telemetry = self.telemetry
        if telemetry is None:
            return
        try:
            protocol = stamped(self.http_protocol_class, lambda: telemetry)
            application = Middleware(self.loaded_app, telemetry)
            if self.limit_concurrency is not None and not count_refusals(self.http_protocol_class, telemetry):
                log.warning("what --limit-concurrency refuses is not counted: this uvicorn refuses in another way")
            telemetry.live.fresh_contexts = self.reset_contextvars
            if getattr(self, "http2", False):  # not in every version; it gives the connection to another protocol
                log.warning("with --http2 only the first request of a connection has its waits in kernel and loop")
        except Exception:
            log.exception("the service is not measured")
        else:
            self.http_protocol_class, self.loaded_app = protocol, application


class MeasuredServer(uvicorn.Server):
    """Starts the telemetry before the application's lifespan, and tells when it listens."""

    def __init__(
        self,
        config: Config,
        telemetry: Telemetry | None,
        on_start: Callable[[Sequence[socket.socket]], object],
    ) -> None:
        super().__init__(config)
        self._telemetry = telemetry
        self._on_start = on_start
        self._signalled: dict[int, float] = {}

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start."""
        if self._telemetry is not None:
            try:
                self._telemetry.start()
            except Exception:
                log.exception("the event loop is not watched")
        await super().startup(sockets)
        enable_log()  # or in its lifespan
        if self.started:
            self._on_start([each for server in self.servers for each in server.sockets])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Heed a signal."""
        now, before = monotonic(), self._signalled.get(sig)
        self._signalled[sig] = now
        if before is None or now - before > ONE_SIGNAL:
            super().handle_exit(sig, frame)


def serve(config: Config, server: MeasuredServer, sockets: list[socket.socket] | None) -> int:
    """Serve as uvicorn's command does. Returns its exit status, or dies of the signal that ended it, as it does."""
    if config.workers == 1:
        config.load_app()  # its errors come before the loop's, and its module is imported outside of it
    with suppress(KeyboardInterrupt):
        server.run(sockets)
    return 0 if server.started else STARTUP_FAILURE
