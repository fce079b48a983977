"""How a request can end, by name."""

from __future__ import annotations

import asyncio
import socket
import ssl

import aiohttp
import pytest

from inflight.send.outcome import (
    OUTCOMES,
    ConnectionBrokeError,
    ResponseTooLargeError,
    outcome_of_error,
    outcome_of_status,
)

KEY = aiohttp.client_reqrep.ConnectionKey("gateway", 80, False, True, None, None, None)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "ok"), (302, "ok"), (399, "ok"), (400, "client_error"), (499, "client_error"), (500, "server_error")],
)
def test_a_whole_response_is_named_by_its_status(status: int, outcome: str) -> None:
    """Below 400 is well, below 500 the client's fault, from there the server's."""
    assert outcome_of_status(status) == outcome


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (asyncio.CancelledError(), "cancelled"),
        (TimeoutError(), "timeout"),
        (aiohttp.ServerTimeoutError(), "timeout"),
        (aiohttp.ConnectionTimeoutError(), "timeout"),
        (aiohttp.ClientConnectorError(KEY, ConnectionRefusedError()), "refused"),
        (aiohttp.ClientConnectorError(KEY, ConnectionResetError()), "reset"),
        (aiohttp.ClientConnectorError(KEY, OSError("no route")), "unreachable"),
        (aiohttp.ClientConnectorSSLError(KEY, OSError(1, "wrong version number")), "tls"),
        (aiohttp.ClientConnectorCertificateError(KEY, ssl.CertificateError("self-signed")), "tls"),
        (aiohttp.ClientConnectorDNSError(KEY, OSError("no name")), "unreachable"),
        (socket.gaierror(), "unreachable"),
        (UnicodeError("label empty or too long"), "unreachable"),
        (aiohttp.ServerDisconnectedError(), "reset"),
        (aiohttp.ClientOSError(104, "reset"), "reset"),
        (ConnectionResetError(), "reset"),
        (ConnectionBrokeError(), "reset"),
        (aiohttp.ClientPayloadError(), "reset"),
        (ResponseTooLargeError(), "invalid_response"),
        (aiohttp.InvalidURL("x"), "unreachable"),
        (ZeroDivisionError(), "invalid_response"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_no_response_is_named_by_its_error(error: BaseException, outcome: str) -> None:
    """Each kind of failure has its name, and the name is in the list."""
    assert outcome_of_error(error) == outcome
    assert outcome in OUTCOMES
