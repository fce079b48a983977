"""The backend's application: `GET /{task}` responds after a delay; `/counters` is what there is to write."""

from __future__ import annotations

import asyncio
import json
import logging

from fastapi import FastAPI, Response

from services.backend.counter_routes import counters_router
from services.serving.openapi import documented
from services.serving.parameters import Delay, Status, Task
from services.serving.problems import install_problem_handlers, problem
from services.serving.settings import BackendSettings
from services.serving.statuses import BODYLESS, FIRST_ERROR

SUCCESS = json.dumps({"message": "success"}, separators=(",", ":")).encode()
SCHEMA = {"type": "object", "properties": {"message": {"const": "success"}}, "required": ["message"]}

log = logging.getLogger(__name__)


def build(settings: BackendSettings) -> FastAPI:
    """Return the backend's application."""
    app = FastAPI(title="backend", description="Waits, then responds.", redirect_slashes=False)
    install_problem_handlers(app)
    app.include_router(counters_router())

    @app.get("/{task}", response_class=Response, responses=documented(SCHEMA, 404, 405, 422, 503))
    async def serve(task: Task, delay: Delay = None, status: Status = None) -> Response:
        """Wait `delay` seconds (the setting DELAY where it is not given), then respond with `status`."""
        log.info("Received %s Request!!", task)
        await asyncio.sleep(settings.delay if delay is None else delay)
        log.info("Send %s response", task)
        return _response(status or 200)

    return app


def _response(status: int) -> Response:
    if status >= FIRST_ERROR:
        return problem(status, f"the request asked for status {status}")
    if status in BODYLESS:
        return Response(status_code=status)
    return Response(SUCCESS, status, media_type="application/json")
