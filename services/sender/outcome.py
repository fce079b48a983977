"""How a request can end, by name: the same names in the log, the summary, the metrics and the JSON."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError

from services.statuses import FIRST_ERROR

OK = "ok"
CANCELLED = "cancelled"
OUTCOMES = (
    OK,
    "client_error",  # a status from 400 to 499
    "server_error",  # a status from 500
    "refused",  # nobody listens there
    "unreachable",  # no such name, no way there
    "tls",  # a certificate that is not trusted, or a port that does not speak TLS
    "reset",  # the connection broke before the answer was whole
    "timeout",  # no whole answer in time
    "bad_answer",  # not HTTP, not encoded as it says, or too large
    CANCELLED,  # the sender was stopped
)
WAITED_FOR = frozenset({OK, "client_error", "server_error", "timeout"})
"""Outcomes whose time says something of the service; a timeout has taken at least as long."""
ERRORS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((asyncio.CancelledError,), CANCELLED),
    ((TimeoutError,), "timeout"),
    ((aiohttp.ClientSSLError,), "tls"),
    # UnicodeError: a host name that no DNS could hold
    ((aiohttp.ClientConnectorError, socket.gaierror, UnicodeError, aiohttp.InvalidURL), "unreachable"),
    ((aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, OSError), "reset"),
)
"""The first that fits an error names it."""
FIRST_SERVER_ERROR = 500


class AnswerTooLargeError(Exception):
    """The answer is larger than the sender cares to read."""


def outcome_of_status(status: int) -> str:
    """Return the outcome of a whole answer."""
    if status < FIRST_ERROR:
        return OK
    return "client_error" if status < FIRST_SERVER_ERROR else "server_error"


def outcome_of_error(error: BaseException) -> str:
    """Return the outcome of a request that got no whole answer."""
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, ConnectionRefusedError):
        return "refused"
    if isinstance(error.__cause__, ContentEncodingError):
        return "bad_answer"
    return next((outcome for kinds, outcome in ERRORS if isinstance(error, kinds)), "bad_answer")
