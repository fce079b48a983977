"""Blocking: `requests` inside `async def`. While one call waits, the event loop serves no other request."""

import logging

from fastapi import Response

from services.gateway.backend import Backend
from services.gateway.blocking_client import open_session
from services.serving.parameters import Delay, Status, Task

log = logging.getLogger(__name__)


class Gateway:
    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    async def open(self) -> None:
        self.session = open_session(self.backend)

    async def close(self) -> None:
        self.session.close()

    async def relay(self, task: Task, delay: Delay = None, status: Status = None) -> Response:
        log.info("Received %s Request!!", task)
        reply = self.session.get(self.backend.url(task, delay, status), timeout=self.backend.timeouts)
        response = self.backend.relayed(reply.status_code, reply.content)
        log.info("Send %s response", task)
        return response
