"""Starts one service: its settings, its sockets, its telemetry, its admin port."""

from __future__ import annotations

import gc
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

import uvicorn
from fastapi import FastAPI
from fastapi.routing import APIRoute
from prometheus_client import disable_created_metrics
from starlette.types import ASGIApp

from services.draining import Drain, DrainingMiddleware
from services.express import ExpressLane
from services.listener import BACKLOG, listen
from services.log_writer import Line, finish
from services.logs import log_config
from services.refusals import Refusals
from services.server import Server
from services.settings import USAGE_ERROR, ServiceSettings, SettingsError, read_settings
from services.shedding import SheddingMiddleware
from services.slow_clients import TimeLimitedProtocol
from services.telemetry import Telemetry
from services.telemetry.admin import AdminServer, PortError
from services.telemetry.middleware import CLIENT_CLOSED_REQUEST, TelemetryMiddleware
from services.telemetry.protocol import stamped_protocol

IDLE_TIMEOUT = 75
"""Seconds that a kept-alive connection may idle: longer than our clients keep one, so that none is used dead."""
COLLECT = (20_000, 20, 20)
"""New objects until the collector looks at them, and looks at those until it looks at older ones; with Python's own
(700, 10, 10) it took a third of the time of a burst of 4,000."""

UNDOCUMENTED = {CLIENT_CLOSED_REQUEST, 500}
"""What any request may end with."""
THREADS_END_WITHIN = 1.0
"""Seconds for the pool's threads, which end by themselves when they have nothing to do."""

S = TypeVar("S", bound=ServiceSettings)


def run(kind: type[S], build: Callable[[S, Telemetry], FastAPI]) -> None:
    """Read the settings, build the application, serve it until told to stop.

    Exits with a line on standard error for each bad setting, or for a port that is taken.
    """
    try:
        settings = read_settings(kind)
        service = _listen(settings)
        disable_created_metrics()  # type: ignore[no-untyped-call]
        logging.setLogRecordFactory(Line)
        telemetry = Telemetry()
        application = build(settings, telemetry)
        _expect(application, telemetry)
        server = _server(settings, application, telemetry, service.getsockname()[1])
        admin = _admin(settings, server, telemetry)
    except (SettingsError, PortError) as error:
        print(error, file=sys.stderr)
        sys.exit(USAGE_ERROR)
    admin.start()
    _leave_to_counting()
    try:
        server.run(sockets=[service])
    finally:
        admin.close()
    _end()


def _expect(application: FastAPI, telemetry: Telemetry) -> None:
    """Let the metrics know what the application's documents say that it may answer."""
    for route in application.routes:
        if isinstance(route, APIRoute):
            codes = {code for code in route.responses if isinstance(code, int)}
            for method in route.methods or ():
                telemetry.expect(method, route.path_format, codes | UNDOCUMENTED)


def _end() -> None:
    """End now if a pool's thread still waits for the backend, which Python would wait for; its client was answered."""
    threads = [each for each in threading.enumerate() if each is not threading.current_thread() and not each.daemon]
    for thread in threads:
        thread.join(THREADS_END_WITHIN / len(threads))
    finish()
    if any(thread.is_alive() for thread in threads):
        os._exit(0)


def _leave_to_counting() -> None:
    """Let the garbage collector look seldom: a request leaves no circles behind, and dies of its reference counts.

    What is loaded by now stays, so it need not be looked through at all.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)


def _server(settings: ServiceSettings, application: FastAPI, telemetry: Telemetry, port: int) -> Server:
    telemetry.watch_port(port)
    drain = Drain(settings.drain_delay, settings.drain_timeout)
    refusals = Refusals(application.routes)
    app: ASGIApp = DrainingMiddleware(ExpressLane(application), drain, refusals)
    if settings.max_in_flight is not None:
        app = SheddingMiddleware(app, settings.max_in_flight, refusals)
    config = uvicorn.Config(
        TelemetryMiddleware(app, telemetry),
        loop=settings.loop,
        http=stamped_protocol(telemetry, TimeLimitedProtocol),
        ws="none",
        lifespan="on",
        backlog=BACKLOG,
        log_config=log_config(settings.log_level, settings.log_format),
        access_log=settings.log_level in {"debug", "info"},  # else it prepares lines that nobody writes
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=IDLE_TIMEOUT,
    )
    return Server(config, telemetry, port, drain)


def _admin(settings: ServiceSettings, server: Server, telemetry: Telemetry) -> AdminServer:
    def alive() -> str | None:
        stalled = telemetry.heartbeat.stalled()
        return (
            f"the event loop has stood still for {stalled:.1f} s" if stalled > settings.liveness_stall_limit else None
        )

    return AdminServer(settings.host, settings.admin_port, telemetry.registry, alive, server.trouble)


def _listen(settings: ServiceSettings) -> socket.socket:
    try:
        return listen(settings.host, settings.port)
    except OSError as error:
        raise PortError(settings.host, settings.port, "PORT", error) from error
