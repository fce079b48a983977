"""The session that requests are sent with: no limit, no second try, and times noted through aiohttp's own tracing."""

from __future__ import annotations

import math
import socket
from contextvars import ContextVar
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import aiohttp

from inflight.send.outcome import ConnectionBrokeError
from inflight.send.response import TimedResponse
from inflight.send.times import Times

IDLE = 4
"""Seconds that an idle connection is kept: less than uvicorn's default of 5, so that none is used while it closes."""

_connecting: ContextVar[Times | None] = ContextVar("_connecting", default=None)
"""The times of the request for which the running task opens a connection."""


def open_session(timeout: float) -> aiohttp.ClientSession:
    """Return a session without a limit of its own. `timeout` is seconds in all.

    Each request needs a `Times` as its `trace_request_ctx`.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE, socket_factory=_socket),
        response_class=TimedResponse,
        timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=timeout, ceil_threshold=math.inf),  # to the point
        trace_configs=[_trace()],
        middlewares=(send_once,),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


async def send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send the request, and keep aiohttp from sending it again: that would be two requests with one record.

    aiohttp tries a GET a second time when its connection breaks with one of the errors that are replaced here
    (RFC 9112, 9.3.1). Raises ConnectionBrokeError.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise ConnectionBrokeError(str(error)) from error


def _socket(address: aiohttp.AddrInfoType) -> socket.socket:
    sock = socket.socket(*address[:3])
    times = _connecting.get()
    if times is not None:
        times.sockets.append(sock)
    return sock


def _trace() -> aiohttp.TraceConfig:
    trace = aiohttp.TraceConfig()
    trace.on_connection_create_start.append(_connect_started)
    trace.on_connection_create_end.append(_connected)
    trace.on_request_headers_sent.append(_written)
    return trace


async def _connect_started(_session: object, context: SimpleNamespace, _params: object) -> None:
    times: Times = context.trace_request_ctx
    times.connect_started = perf_counter()
    _connecting.set(times)


async def _connected(_session: object, context: SimpleNamespace, _params: object) -> None:
    times: Times = context.trace_request_ctx
    times.note_connection()


async def _written(_session: object, context: SimpleNamespace, _params: Any) -> None:
    context.trace_request_ctx.written = perf_counter()
