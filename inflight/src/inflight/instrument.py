"""Puts the telemetry around an application that something else serves: uvicorn, `uvicorn.run`, gunicorn."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from prometheus_client import CollectorRegistry

from inflight.admin import AdminServer, PortError
from inflight.hooks import install_hooks
from inflight.middleware import Middleware
from inflight.refused import count_refusals
from inflight.requests.page import requests_page
from inflight.stamp import current_stamp, stamp_in_place
from inflight.telemetry import ServerTiming, Telemetry, active, enable_log
from inflight.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger("inflight")


def instrument(
    app: Callable[..., Any],  # frameworks have types of their own for what ASGI passes
    *,
    admin_port: int | None = 9000,
    admin_host: str = "127.0.0.1",
    registry: CollectorRegistry | None = None,
    server_timing: ServerTiming | None = None,
) -> Instrumented:
    """Return `app` with the telemetry around it; it has the attributes of `app`, too.

    Serves /metrics, /livez, /readyz on `admin_port` from the server's start; None serves nothing, and the metrics are
    in `registry` (prometheus-client's `REGISTRY` included). What cannot be had is one line in the log, and the service
    serves. `server_timing` is whether responses tell their ledger; "lines" names the line that they waited for, too;
    None leaves it to the environment's `INFLIGHT_SERVER_TIMING`.
    """
    try:
        telemetry = Telemetry(registry, server_timing=server_timing)
    except ValueError as error:
        log.error("the registry has metrics of these names already, so these are kept apart: %s", error)  # noqa: TRY400
        telemetry = Telemetry(server_timing=server_timing)
    install_hooks()
    return Instrumented(app, telemetry, admin_host, admin_port)


class Instrumented(Middleware):
    """The telemetry around an application whose server is not configured here."""

    _begun = _watched = False

    def __init__(self, app: ASGIApp, telemetry: Telemetry, admin_host: str, admin_port: int | None) -> None:
        super().__init__(app, telemetry)
        self._admin = admin_host, admin_port

    def __getattr__(self, name: str) -> Any:
        """Return what the application has."""
        return getattr(self.app, name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, and follow it, where `inflight run` does not follow it already."""
        other = active()
        if other is not None and other.whole_process:
            await self.app(scope, receive, send)
            return
        if not self._watched:
            self._watch(scope)
        await super().__call__(scope, receive, send)

    def _watch(self, scope: Scope) -> None:
        """Watch the server's connections: those that come from now on, if this is not the first request already."""
        enable_log()  # the lifespan, or what has started the server, may have configured logging
        if not self._begun:
            self._begun = True
            self._open_admin()
        for protocol in _loaded_protocols():
            stamp_in_place(protocol, lambda: self.telemetry)
            count_refusals(protocol, self.telemetry)
        if scope["type"] != "lifespan":
            self._watched = True
            if current_stamp.get() is None and not self.telemetry.live.connections:
                log.warning(
                    "waits in kernel and loop are not measured for connections that are open already, or that "
                    "another server than uvicorn serves; start the service with `inflight run` to have all of them"
                )

    def _open_admin(self) -> None:
        """Open the admin port: here, for gunicorn may have loaded the application in another process."""
        host, port = self._admin
        if port is None:
            return
        try:
            pages = {"/requests": requests_page(self.telemetry)}
            AdminServer(host, port, self.telemetry.registry, pages=pages, setting="admin_port").start()
        except PortError as error:
            log.error(  # noqa: TRY400
                "nobody can read the metrics of this process: %s (of several processes, `inflight run --workers N` "
                "serves all on one port)",
                error,
            )


def _loaded_protocols() -> list[type[Any]]:
    """Return the HTTP protocols that uvicorn has loaded."""
    if "uvicorn.config" not in sys.modules:
        return []
    from uvicorn.config import HTTP_PROTOCOLS

    paths = [path.partition(":") for path in HTTP_PROTOCOLS.values() if isinstance(path, str)]
    return [getattr(import_module(module), name) for module, _, name in paths if module in sys.modules]
