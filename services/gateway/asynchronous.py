"""Async: `aiohttp`, awaited. While one call waits, the event loop serves all the others."""

import logging

from fastapi import Response

from services.gateway.awaiting_client import open_session
from services.gateway.backend import Backend
from services.serving.parameters import Delay, Status, Task

log = logging.getLogger(__name__)


class Gateway:
    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    async def open(self) -> None:
        self.session = open_session(self.backend)

    async def close(self) -> None:
        await self.session.close()

    async def relay(self, task: Task, delay: Delay = None, status: Status = None) -> Response:
        log.info("Received %s Request!!", task)
        async with self.session.get(self.backend.url(task, delay, status), allow_redirects=False) as reply:
            body = await reply.read()
        response = self.backend.relayed(reply.status, body)
        log.info("Send %s response", task)
        return response
