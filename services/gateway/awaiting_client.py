"""An `aiohttp` session for the backend."""

from __future__ import annotations

import aiohttp

from services.gateway.backend import Backend
from services.gateway.errors import INVALID, TIMEOUT, UNREACHABLE, Failure

IDLE = 60.0
"""Seconds that an idle connection is kept: fewer than our servers keep one (75), so that none is used dead."""

FAILURES: dict[type[Exception], Failure] = {
    aiohttp.ClientError: INVALID,
    aiohttp.ClientConnectionError: UNREACHABLE,
    aiohttp.ClientPayloadError: UNREACHABLE,
    aiohttp.ConnectionTimeoutError: UNREACHABLE,
    aiohttp.ServerTimeoutError: TIMEOUT,
    TimeoutError: TIMEOUT,
}


def open_session(backend: Backend) -> aiohttp.ClientSession:
    """Return a session; aiohttp's own limit of 100 connections would be a queue that nobody asked for."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=backend.limit or 0, keepalive_timeout=IDLE),
        timeout=aiohttp.ClientTimeout(total=backend.timeout, sock_connect=backend.connect_timeout),
        cookie_jar=aiohttp.DummyCookieJar(),  # one client's cookie is not for the next
    )
