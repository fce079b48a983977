"""The threaded gateway: `requests` inside `def`. FastAPI runs it in a pool of 40 threads; the 41st request queues."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from fastapi import Response

from services.gateway.answer import read_blocking, relayed
from services.gateway.backend import Backend
from services.gateway.errors import translated
from services.gateway.session import requests_session
from services.parameters import Delay, Status, Task
from services.telemetry import Call, Upstream

log = logging.getLogger(__name__)


class Gateway:
    """Calls the backend from the pool thread that FastAPI gives each request."""

    def __init__(self, backend: Backend, upstream: Upstream) -> None:
        self.backend = backend
        self.upstream = upstream

    async def open(self) -> None:
        """Prepare for sessions: `requests` does not promise that threads may share one at the same time."""
        self.idle: list[requests.Session] = []
        self.limit = threading.BoundedSemaphore(self.backend.limit) if self.backend.limit else None

    async def close(self) -> None:
        """Close them all, with their connections."""
        for session in self.idle:
            session.close()

    @contextmanager
    def session(self, call: Call) -> Iterator[tuple[requests.Session, float]]:
        """Lend the call a session of its own, when a connection is free, and say what of its time is left then."""
        with self.upstream.connection(call, self.limit, self.backend.timeout) as left:
            try:
                session = self.idle.pop()
            except IndexError:
                session = requests_session()
            try:
                yield session, left
            finally:
                self.idle.append(session)

    def relay(self, task: Task, delay: Delay = None, status: Status = None) -> Response:
        """Ask the backend for `task` and pass its answer on."""
        log.info("Received %s Request!!", task)
        with self.upstream.call() as call, translated(), self.session(call) as (session, left):
            answer = session.get(
                self.backend.url(task, delay, status),
                timeout=(self.backend.connect_timeout, left),
                allow_redirects=False,
                stream=True,
            )
            response = relayed(answer.status_code, read_blocking(answer))
        log.info("Send %s response", task)
        return response
