"""How a request can end, by name: the same names in the log, the summary, the metrics and the JSON."""

from __future__ import annotations

import asyncio
import socket

import aiohttp

from services.statuses import FIRST_ERROR

OK = "ok"
CANCELLED = "cancelled"
OUTCOMES = (
    OK,
    "client_error",  # a status from 400 to 499
    "server_error",  # a status from 500
    "refused",  # nobody listens there
    "unreachable",  # no such name, no way there
    "reset",  # the connection broke before the answer was whole
    "timeout",  # no whole answer in time
    "bad_answer",  # not HTTP, or too large
    CANCELLED,  # the sender was stopped
)
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
    if isinstance(error, asyncio.CancelledError):
        return CANCELLED
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "refused" if isinstance(error.os_error, ConnectionRefusedError) else "unreachable"
    # UnicodeError: a host name that no DNS could hold
    if isinstance(error, socket.gaierror | UnicodeError | aiohttp.InvalidURL):
        return "unreachable"
    if isinstance(error, aiohttp.ClientConnectionError | aiohttp.ClientPayloadError | OSError):
        return "reset"
    return "bad_answer"
