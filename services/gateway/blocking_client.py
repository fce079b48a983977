"""`requests` sessions for the backend."""

from __future__ import annotations

import threading
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from services.gateway.backend import Backend
from services.gateway.errors import INVALID, TIMEOUT, UNREACHABLE

THREADS = 40
"""As many as FastAPI's pool has (anyio's default): each may keep a connection."""

FAILURES = {
    requests.RequestException: INVALID,
    requests.ConnectionError: UNREACHABLE,
    requests.exceptions.ChunkedEncodingError: UNREACHABLE,
    requests.Timeout: TIMEOUT,
    requests.ConnectTimeout: UNREACHABLE,
}


class Session(requests.Session):
    """A session with the backend's timeouts, for one thread at a time. No proxy, no .netrc, no cookies."""

    def __init__(self, backend: Backend, adapter: HTTPAdapter) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # one client's cookie is not for the next
        self.timeout = backend.connect_timeout, backend.timeout
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def request(self, *args: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send a request, with the backend's timeouts."""
        return super().request(*args, **{"timeout": self.timeout, **options})


def open_session(backend: Backend) -> Session:
    """Return a session of its own."""
    return Session(backend, _adapter(backend))


class ThreadSessions:
    """A session for each thread, because `requests` does not promise that threads may share one.

    They share their connections, as urllib3's pools may be: with a limit, a call waits until one is free.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._adapter = _adapter(backend)
        self._local = threading.local()

    @property
    def mine(self) -> Session:
        """The running thread's own session."""
        try:
            session: Session = self._local.session
        except AttributeError:
            session = self._local.session = Session(self._backend, self._adapter)
        return session

    def close(self) -> None:
        """Close all connections."""
        self._adapter.close()


def _adapter(backend: Backend) -> HTTPAdapter:
    return HTTPAdapter(pool_maxsize=backend.limit or THREADS, pool_block=backend.limit is not None)
