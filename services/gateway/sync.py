"""The blocking gateway: `requests` inside `async def`. While it waits for the backend, the event loop stands still."""

from __future__ import annotations

import logging

from fastapi import Response

from services.gateway.answer import read_blocking, relayed
from services.gateway.backend import Backend
from services.gateway.errors import translated
from services.gateway.session import requests_session
from services.parameters import Delay, Status, Task
from services.telemetry import Upstream

log = logging.getLogger(__name__)


class Gateway:
    """Calls the backend from the event loop's own thread."""

    def __init__(self, backend: Backend, upstream: Upstream) -> None:
        self.backend = backend
        self.upstream = upstream

    async def open(self) -> None:
        """Open one session: only the event loop's thread uses it."""
        self.session = requests_session()

    async def close(self) -> None:
        """Close it, with its connections."""
        self.session.close()

    async def relay(self, task: Task, delay: Delay = None, status: Status = None) -> Response:
        """Ask the backend for `task` and pass its answer on."""
        log.info("Received %s Request!!", task)
        with self.upstream.call(), translated():
            answer = self.session.get(
                self.backend.url(task, delay, status),
                timeout=(self.backend.connect_timeout, self.backend.timeout),
                allow_redirects=False,
                stream=True,
            )
            response = relayed(answer.status_code, read_blocking(answer))
        log.info("Send %s response", task)
        return response
