"""The backend's application: `GET /{task}` answers after a delay."""

from __future__ import annotations

import asyncio
import json
import logging

from fastapi import FastAPI, Response

from services.parameters import Delay, Status, Task
from services.problems import answers_with_problems, problem
from services.responses import documented
from services.settings import BackendSettings
from services.statuses import BODYLESS, FIRST_ERROR
from services.telemetry import Telemetry, cancelled_on_disconnect

SUCCESS = json.dumps({"message": "success"}, separators=(",", ":")).encode()
SCHEMA = {"type": "object", "properties": {"message": {"const": "success"}}, "required": ["message"]}

log = logging.getLogger(__name__)


def build(settings: BackendSettings, _telemetry: Telemetry) -> FastAPI:
    """Return the backend's application."""
    app = FastAPI(title="backend", description="Waits, then answers.", redirect_slashes=False)
    answers_with_problems(app)

    @app.get("/{task}", response_class=Response, responses=documented(SCHEMA, 404, 405, 422, 503))
    async def answer(task: Task, delay: Delay = None, status: Status = None) -> Response:
        """Wait `delay` seconds (the setting DELAY where it is not given), then answer with `status`."""
        log.info("Received %s Request!!", task)
        with cancelled_on_disconnect():
            await asyncio.sleep(settings.delay if delay is None else delay)
        log.info("Send %s response", task)
        return _answer(status or 200)

    return app


def _answer(status: int) -> Response:
    if status >= FIRST_ERROR:
        return problem(status, f"the request asked for status {status}")
    if status in BODYLESS:
        return Response(status_code=status)
    return Response(SUCCESS, status, media_type="application/json")
