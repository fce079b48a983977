"""uvicorn's own refusals: beyond `--limit-concurrency` a request gets a 503 that never reaches the application."""

from __future__ import annotations

import logging
import sys
from typing import Any

from inflight.middleware import Follower
from inflight.telemetry import Telemetry

log = logging.getLogger("inflight")

REFUSES = "service_unavailable"
"""The ASGI application that uvicorn's protocols run instead (public; `uvicorn.protocols.http.flow_control`)."""


def count_refusals(protocol: type[Any], telemetry: Telemetry) -> None:
    """Follow what the protocol refuses like any other request, with its method and the route that was asked for."""
    modules = {sys.modules[each.__module__] for each in protocol.__mro__ if each.__module__.startswith("uvicorn.")}
    refusing = [module for module in modules if hasattr(module, REFUSES)]
    if not refusing:
        log.warning("what --limit-concurrency refuses is not counted: this uvicorn refuses in another way")
    for module in refusing:
        setattr(module, REFUSES, Follower(getattr(module, REFUSES), telemetry))
