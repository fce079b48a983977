"""How a request can end, by name: the same names in the log, the summary, the metrics and the JSON."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError

OK = "ok"
CANCELLED = "cancelled"
INVALID = "invalid_response"
OUTCOMES = (
    OK,
    "client_error",  # a status from 400 to 499
    "server_error",  # a status from 500
    "refused",  # nothing listens there
    "unreachable",  # no such name, no route
    "tls",  # a certificate that is not trusted, or a port that does not speak TLS
    "reset",  # the connection broke before the response was whole
    "timeout",  # no whole response in time
    INVALID,  # not HTTP, not encoded as it says, or too large
    CANCELLED,  # the sender was stopped
)
WAITED_FOR = frozenset({OK, "client_error", "server_error", "timeout"})
"""Outcomes whose time says something of the service; a timeout has taken at least as long."""
FIRST_CLIENT_ERROR, FIRST_SERVER_ERROR = 400, 500


class ResponseTooLargeError(Exception):
    """The response is larger than the sender reads."""


class ConnectionBrokeError(Exception):
    """The connection broke after the request was sent on it, and before a response began."""


ERRORS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((asyncio.CancelledError,), CANCELLED),
    ((TimeoutError,), "timeout"),
    ((aiohttp.ClientSSLError,), "tls"),
    # UnicodeError: a host name that no DNS could hold
    ((aiohttp.ClientConnectorError, socket.gaierror, UnicodeError, aiohttp.InvalidURL), "unreachable"),
    ((ConnectionBrokeError, aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, OSError), "reset"),
)
"""The first that fits an error names it."""


def outcome_of_status(status: int) -> str:
    """Return the outcome of a whole response."""
    if status < FIRST_CLIENT_ERROR:
        return OK
    return "client_error" if status < FIRST_SERVER_ERROR else "server_error"


def outcome_of_error(error: BaseException) -> str:
    """Return the outcome of a request that got no whole response."""
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, ConnectionError):
        return "refused" if isinstance(error.os_error, ConnectionRefusedError) else "reset"
    if isinstance(error.__cause__, ContentEncodingError):
        return INVALID
    return next((outcome for kinds, outcome in ERRORS if isinstance(error, kinds)), INVALID)
