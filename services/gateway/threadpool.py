"""The threaded gateway: `requests` inside `def`. FastAPI runs it in a pool of 40 threads; the 41st request queues."""

from __future__ import annotations

import logging
import threading

import requests
from fastapi import Response

from services.gateway.answer import read_blocking, relayed
from services.gateway.backend import Backend
from services.gateway.errors import translated
from services.gateway.session import requests_session
from services.parameters import Delay, Status, Task
from services.telemetry import Upstream

log = logging.getLogger(__name__)


class Gateway:
    """Calls the backend from the pool thread that FastAPI gives each request."""

    def __init__(self, backend: Backend, upstream: Upstream) -> None:
        self.backend = backend
        self.upstream = upstream

    async def open(self) -> None:
        """Prepare a session for each thread: `requests` does not promise that threads may share one."""
        self.local = threading.local()
        self.sessions: list[requests.Session] = []
        self.limit = threading.BoundedSemaphore(self.backend.limit) if self.backend.limit else None

    async def close(self) -> None:
        """Close them all, with their connections."""
        for session in self.sessions:
            session.close()

    def session(self) -> requests.Session:
        """Return the running thread's own session."""
        if not hasattr(self.local, "session"):
            self.local.session = requests_session()
            self.sessions.append(self.local.session)
        session: requests.Session = self.local.session
        return session

    def relay(self, task: Task, delay: Delay = None, status: Status = None) -> Response:
        """Ask the backend for `task` and pass its answer on."""
        log.info("Received %s Request!!", task)
        with self.upstream.call() as call, translated(), self.upstream.connection(call, self.limit):
            answer = self.session().get(
                self.backend.url(task, delay, status),
                timeout=(self.backend.connect_timeout, self.backend.timeout),
                allow_redirects=False,
                stream=True,
            )
            response = relayed(answer.status_code, read_blocking(answer))
        log.info("Send %s response", task)
        return response
