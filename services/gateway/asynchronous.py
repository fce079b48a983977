"""The awaiting gateway: `aiohttp`, awaited. While it waits for the backend, the event loop serves everybody else."""

from __future__ import annotations

import logging

import aiohttp
from fastapi import Response

from services.gateway.answer import read_awaiting, relayed
from services.gateway.backend import Backend
from services.gateway.connector import Connector
from services.gateway.deadlines import Deadlines
from services.gateway.errors import translated
from services.parameters import Delay, Status, Task
from services.telemetry import Upstream, cancelled_on_disconnect
from services.telemetry.arrivals import TimedAnswer

MAX_LINE, MAX_HEADERS = 65536, 100
"""Bytes of a line, and lines, of an answer's head: as http.client has it, beneath `requests`."""

log = logging.getLogger(__name__)


class Gateway:
    """Calls the backend from the event loop, without holding it."""

    def __init__(self, backend: Backend, upstream: Upstream) -> None:
        self.backend = backend
        self.upstream = upstream
        self.deadlines = Deadlines(backend.timeout)

    async def open(self) -> None:
        """Open one session; aiohttp's own limit of 100 connections would be a queue that nobody sees."""
        self.session = aiohttp.ClientSession(
            connector=Connector(self.backend.limit),
            response_class=TimedAnswer,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.backend.connect_timeout),
            trace_configs=[self.upstream.aiohttp_trace()] if self.backend.limit else [],  # no limit, no queue
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=MAX_LINE,
            max_field_size=MAX_LINE,
            max_headers=MAX_HEADERS,
        )

    async def close(self) -> None:
        """Close it, with its connections."""
        await self.session.close()

    async def relay(self, task: Task, delay: Delay = None, status: Status = None) -> Response:
        """Ask the backend for `task` and pass its answer on; a client that leaves takes its call with it."""
        log.info("Received %s Request!!", task)
        url = self.backend.url(task, delay, status)
        # A timeout of aiohttp's own would call a wait for a connection from the pool a failure to connect.
        with cancelled_on_disconnect(), self.upstream.call() as call, translated(), self.deadlines.deadline():
            async with self.session.get(url, allow_redirects=False, trace_request_ctx=call) as answer:
                response = relayed(answer.status, await read_awaiting(answer, call))
        log.info("Send %s response", task)
        return response
