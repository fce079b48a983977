"""The gateway's application: a route to read and one to write, served by the mode that the settings pick."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module

from fastapi import FastAPI, Response

from services.gateway.backend import Backend
from services.gateway.errors import install_failure_handlers
from services.serving.openapi import documented, responses
from services.serving.problems import install_problem_handlers
from services.serving.settings import GatewaySettings

MODULES = {"sync": "sync", "async": "asynchronous", "threadpool": "threadpool"}
"""The siblings, loaded by name, so that a gateway loads only the HTTP client that it uses."""
CLIENTS = {"sync": "blocking_client", "async": "awaiting_client", "threadpool": "blocking_client"}
SCHEMA = {"type": "object", "properties": {"res": {"description": "What the backend said."}}, "required": ["res"]}


def build(settings: GatewaySettings) -> FastAPI:
    """Return the application of the gateway whose mode the settings name."""
    backend = Backend(
        str(settings.backend_url).rstrip("/"),
        settings.connect_timeout,
        settings.upstream_timeout,
        settings.upstream_limit,
    )
    module = import_module(f"services.gateway.{MODULES[settings.gateway_mode]}")
    gateway = module.Gateway(backend)

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
    install_problem_handlers(app)
    install_failure_handlers(app, import_module(f"services.gateway.{CLIENTS[settings.gateway_mode]}").FAILURES)
    counters = import_module(f"services.gateway.counters.{MODULES[settings.gateway_mode]}").Counters(gateway)
    app.add_api_route(
        "/counters/{name}",
        counters.increment,
        methods=["POST"],
        response_class=Response,
        responses=responses(SCHEMA, 404, 405, 409, 422, 502, 503, 504, 507),
    )
    app.add_api_route(
        "/{task}",
        gateway.relay,
        response_class=Response,
        responses=documented(SCHEMA, 404, 405, 422, 502, 503, 504),
    )
    return app
