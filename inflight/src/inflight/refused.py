"""uvicorn's own refusals: beyond `--limit-concurrency` a request gets a 503 that never reaches the application."""

from __future__ import annotations

import sys
from typing import Any

from inflight.middleware import Follower
from inflight.telemetry import Telemetry

REFUSES = "service_unavailable"
"""The ASGI application that uvicorn's protocols run instead (public; `uvicorn.protocols.http.flow_control`)."""


def count_refusals(protocol: type[Any], telemetry: Telemetry) -> bool:
    """Follow what the protocol refuses like any other request, with its method and the route that was asked for.

    Returns whether it can be: False where this uvicorn refuses in another way.
    """
    modules = {sys.modules[each.__module__] for each in protocol.__mro__ if each.__module__.startswith("uvicorn.")}
    refusing = [module for module in modules if hasattr(module, REFUSES)]
    for module in refusing:
        refuse = getattr(module, REFUSES)
        if not isinstance(refuse, Follower):
            setattr(module, REFUSES, Follower(refuse, telemetry))
    return bool(refusing)
