"""What a worker measures, and how the supervisor gets it."""

from __future__ import annotations

import logging
import socket

from inflight.admin import metrics_page
from inflight.hooks import install_hooks
from inflight.requests.page import JSON, requests_json
from inflight.run.pulse import LOOP, Pulse
from inflight.run.responder import Page, Responder
from inflight.telemetry import Telemetry

log = logging.getLogger("inflight")


def measure(end: socket.socket, pulse: Pulse) -> Telemetry | None:
    """Return the telemetry, whose metrics the supervisor asks for at `end`; None where it failed: the log says so."""
    pages: dict[str, Page] = {}
    telemetry = None
    try:
        install_hooks()
        telemetry = Telemetry()
        telemetry.whole_process = True
        telemetry.each_beat.append(lambda: pulse.beat(LOOP))
        pages["/metrics"] = _metrics(telemetry)
        pages["/requests"] = _requests(telemetry)
    except Exception:
        log.exception("the service is not measured")
    Responder(end, pulse, pages).start()
    return telemetry


def _metrics(telemetry: Telemetry) -> Page:
    def page(accept: str) -> tuple[str, bytes]:
        _, content_type, body = metrics_page(telemetry.registry, accept)
        return content_type, body

    return page


def _requests(telemetry: Telemetry) -> Page:
    return lambda _accept: (JSON, requests_json(telemetry))


def watch_port(telemetry: Telemetry | None, listener: socket.socket) -> None:
    """Count what lies unread on a listening socket's port; a Unix socket has none."""
    address = listener.getsockname()
    if telemetry is not None and isinstance(address, tuple):
        telemetry.watch_port(address[1])
