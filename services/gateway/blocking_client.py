"""`requests` sessions for the backend."""

from __future__ import annotations

import threading
from http.cookiejar import DefaultCookiePolicy

import requests
from requests.adapters import HTTPAdapter

from services.gateway.backend import Backend
from services.gateway.errors import INVALID, TIMEOUT, UNREACHABLE, Failure

THREADS = 40
"""As many as FastAPI's pool has (anyio's default): each may keep a connection."""

FAILURES: dict[type[Exception], Failure] = {
    requests.RequestException: INVALID,
    requests.ConnectionError: UNREACHABLE,
    requests.exceptions.ChunkedEncodingError: UNREACHABLE,
    requests.Timeout: TIMEOUT,
    requests.ConnectTimeout: UNREACHABLE,
}


def open_session(backend: Backend, adapter: HTTPAdapter | None = None) -> requests.Session:
    """Return a session for one thread at a time. It heeds no proxy, no .netrc and no redirect, and keeps no cookie."""
    session = requests.Session()
    session.trust_env = False
    session.max_redirects = 0
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # one client's cookie is not for the next
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapter or _adapter(backend))
    return session


class ThreadSessions:
    """A session for each thread, because `requests` does not promise that threads may share one.

    They share their connections, as urllib3's pools may be: with a limit, a call waits until one is free.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._adapter = _adapter(backend)
        self._local = threading.local()

    @property
    def mine(self) -> requests.Session:
        """The running thread's own session."""
        try:
            session: requests.Session = self._local.session
        except AttributeError:
            session = self._local.session = open_session(self._backend, self._adapter)
        return session

    def close(self) -> None:
        """Close all connections."""
        self._adapter.close()


def _adapter(backend: Backend) -> HTTPAdapter:
    return HTTPAdapter(pool_maxsize=backend.limit or THREADS, pool_block=backend.limit is not None)
