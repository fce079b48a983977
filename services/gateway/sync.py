"""The blocking gateway: `requests` inside `async def`. While it waits for the backend, the event loop stands still."""

from __future__ import annotations

import logging
from time import monotonic

import requests
from fastapi import Response

from services.gateway.answer import read_blocking, relayed
from services.gateway.backend import Backend
from services.gateway.errors import translated
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
        self.session = requests.Session()
        self.session.trust_env = False

    async def close(self) -> None:
        """Close it, with its connections."""
        self.session.close()

    async def relay(self, task: Task, delay: Delay = None, status: Status = None) -> Response:
        """Ask the backend for `task` and pass its answer on."""
        log.info("Received %s Request!!", task)
        deadline = monotonic() + self.backend.timeout
        with self.upstream.call(), translated():
            answer = self.session.get(
                self.backend.url(task, delay, status),
                timeout=(self.backend.connect_timeout, self.backend.timeout),
                allow_redirects=False,
                stream=True,
            )
            body = read_blocking(answer, deadline)
        log.info("Send %s response", task)
        return relayed(answer.status_code, body)
