"""Starts one service: its settings, its sockets, its telemetry, its admin port."""

from __future__ import annotations

import gc
import os
import socket
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

import uvicorn
from fastapi import FastAPI
from prometheus_client import disable_created_metrics
from starlette.types import ASGIApp

from inflight.admin import AdminServer, PortError
from inflight.exchange import CLIENT_CLOSED_REQUEST
from inflight.hooks import install_hooks
from inflight.middleware import Middleware
from inflight.requests.page import requests_page
from inflight.stamp import stamped
from inflight.telemetry import Telemetry
from services.serving.connection_age import ConnectionAgeMiddleware
from services.serving.draining import Drain, DrainingMiddleware
from services.serving.listener import BACKLOG, listen
from services.serving.logs import Log
from services.serving.protocol import prompt_protocol
from services.serving.server import Server
from services.serving.settings import USAGE_ERROR, ServiceSettings, SettingsError, read_settings
from services.serving.shedding import SheddingMiddleware

IDLE_TIMEOUT = 75
"""Seconds that a kept-alive connection may idle: longer than aiohttp keeps one. (urllib3 keeps it for ever.)"""
COLLECT = (20_000, 20, 20)
"""New objects until the collector looks at them, and looks at those until it looks at older ones; with Python's own
(700, 10, 10) it took a third of the time of a burst of 4,000."""
THREADS_END_WITHIN = 1.0
"""Seconds for the pool's threads, which end by themselves when they have nothing to do."""

S = TypeVar("S", bound=ServiceSettings)


def run(kind: type[S], build: Callable[[S], FastAPI]) -> None:
    """Read the settings, build the application, serve it until told to stop.

    Exits with a line on standard error for each bad setting, or for a port that is taken.
    """
    try:
        settings = read_settings(kind)
        service = _listen(settings)
        disable_created_metrics()  # type: ignore[no-untyped-call]
        install_hooks()
        telemetry = Telemetry(server_timing="lines")  # its code is no secret
        log = Log(settings.log_level, settings.log_format)
        application = build(settings)
        _expect(application, telemetry)
        server = _server(settings, application, telemetry, log, service.getsockname()[1])
        admin = _admin(settings, server, telemetry)
    except (SettingsError, PortError) as error:
        print(error, file=sys.stderr)
        sys.exit(USAGE_ERROR)
    log.start()
    admin.start()
    _leave_to_counting()
    try:
        server.run(sockets=[service])
    finally:
        admin.close()
    _end(log)


def _expect(application: FastAPI, telemetry: Telemetry) -> None:
    """Let the metrics know what the application's documents say of its responses."""
    for path, operations in application.openapi()["paths"].items():
        for method, operation in operations.items():
            codes = {int(code) for code in operation["responses"] if code.isdecimal()}
            telemetry.expect(method.upper(), path, codes | {CLIENT_CLOSED_REQUEST})


def _end(log: Log) -> None:
    """End now if a pool's thread still waits for the backend, which Python would wait for; its client has a 503."""
    threads = [each for each in threading.enumerate() if each is not threading.current_thread() and not each.daemon]
    for thread in threads:
        thread.join(THREADS_END_WITHIN / len(threads))
    log.finish()
    if any(thread.is_alive() for thread in threads):
        os._exit(0)


def _leave_to_counting() -> None:
    """Let the garbage collector look seldom: a request leaves no circles behind, and dies of its reference counts.

    What is loaded by now stays, so it need not be looked through at all.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)


def _server(settings: ServiceSettings, application: FastAPI, telemetry: Telemetry, log: Log, port: int) -> Server:
    telemetry.watch_port(port)
    drain = Drain(settings.drain_delay, settings.drain_timeout)
    app: ASGIApp = application
    if settings.max_in_flight is not None:
        app = SheddingMiddleware(app, settings.max_in_flight)
    app = DrainingMiddleware(app, drain)  # around refusals, too: they end their connections as well
    if settings.max_connection_age is not None:
        app = ConnectionAgeMiddleware(app, settings.max_connection_age)
    config = uvicorn.Config(
        Middleware(app, telemetry),
        loop=settings.loop,
        http=stamped(prompt_protocol(settings.http), lambda: telemetry),
        ws="none",
        lifespan="on",
        backlog=BACKLOG,
        log_config=log.config,
        access_log=settings.log_level in {"debug", "info"},  # else it prepares lines that are not written
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=IDLE_TIMEOUT,
    )
    return Server(config, port, drain)


def _admin(settings: ServiceSettings, server: Server, telemetry: Telemetry) -> AdminServer:
    def alive() -> str | None:
        stalled = telemetry.heartbeat.stalled() or 0.0
        return (
            f"the event loop has stood still for {stalled:.1f} s" if stalled > settings.liveness_stall_limit else None
        )

    pages = {"/requests": requests_page(telemetry)}
    return AdminServer(
        settings.host, settings.admin_port, telemetry.registry, alive=alive, ready=server.trouble, pages=pages
    )


def _listen(settings: ServiceSettings) -> socket.socket:
    try:
        return listen(settings.host, settings.port)
    except (OSError, UnicodeError) as error:
        raise PortError(settings.host, settings.port, "PORT", error) from error
