"""The gateway's application: one route, served by the mode that the settings pick."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from importlib import import_module

from fastapi import FastAPI, Response

from services.gateway.backend import Backend
from services.gateway.certificates import certificates_unread
from services.gateway.errors import OUTCOMES, answers_upstream_errors
from services.problems import answers_with_problems
from services.responses import documented
from services.settings import GatewaySettings
from services.telemetry import Telemetry
from services.telemetry.threads import timed_in_thread

MODULES = {"sync": "sync", "async": "asynchronous", "threadpool": "threadpool"}
"""The siblings, loaded by name, so that a gateway loads only the HTTP client that it uses."""
SCHEMA = {"type": "object", "properties": {"res": {"description": "What the backend said."}}, "required": ["res"]}


def build(settings: GatewaySettings, telemetry: Telemetry) -> FastAPI:
    """Return the application of the gateway whose mode the settings name."""
    backend = Backend(
        str(settings.backend_url).rstrip("/"),
        settings.connect_timeout,
        settings.upstream_timeout,
        settings.upstream_limit,
    )
    with nullcontext() if settings.backend_url.scheme == "https" else certificates_unread():
        module = import_module(f"services.gateway.{MODULES[settings.gateway_mode]}")
    gateway = module.Gateway(backend, telemetry.upstream("backend", OUTCOMES))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await gateway.open()
        yield
        await gateway.close()

    app = FastAPI(
        title=f"{settings.gateway_mode}-gateway",
        description=module.__doc__ or "",
        lifespan=lifespan,
        redirect_slashes=False,
    )
    answers_with_problems(app)
    answers_upstream_errors(app)
    app.add_api_route(
        "/{task}",
        timed_in_thread(gateway.relay, telemetry.metrics),
        response_class=Response,
        responses=documented(SCHEMA, 404, 405, 422, 502, 503, 504),
    )
    return app
