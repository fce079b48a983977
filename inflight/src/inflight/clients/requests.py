"""requests, and all else that goes through urllib3: its calls, and the waits for a connection of a pool that blocks.

https://urllib3.readthedocs.io/en/stable/reference/urllib3.connectionpool.html
"""

from __future__ import annotations

from queue import LifoQueue
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPResponse
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError
from urllib3.exceptions import TimeoutError as Timeout

from inflight.hooks.watched import PoolWait, Reads, WatchedCall, harmless, named
from inflight.hooks.wrap import Method, known, wrap
from inflight.waits import outcome_of

SERVER_ERROR = 500
CALL = "inflight_call"
"""The attribute of a response whose body is still to come; it holds the call."""


def install() -> None:
    """Watch each request of a pool, and the waits of the pools that are made from now on."""
    if not known("urllib3", 1, 2):
        return
    wrap(HTTPConnectionPool, "urlopen", timed)
    for read in ("read", "read1"):
        if hasattr(HTTPResponse, read):  # urllib3 1 has no read1
            wrap(HTTPResponse, read, reading)
    wrap(HTTPResponse, "read_chunked", reading_chunks)
    wrap(HTTPResponse, "release_conn", ending)
    wrap(HTTPResponse, "close", ending)
    if ConnectionPool.QueueCls is LifoQueue:
        ConnectionPool.QueueCls = TimedQueue


class TimedQueue(LifoQueue[Any]):
    """A pool's connections. Only a pool with `block=True` makes anybody wait for one."""

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Return a connection, or None in place of one that is still to be opened."""
        if not block:
            return super().get(block=False)
        with PoolWait():
            return super().get(timeout=timeout)


def name_of(pool: Any) -> str:
    """Return the upstream's name: the host, with its port where that is not the scheme's own."""
    return str(pool.host) if pool.port in (None, DEFAULT_PORTS.get(pool.scheme)) else f"{pool.host}:{pool.port}"


DEFAULT_PORTS = {"http": 80, "https": 443}


def timed(inner: Method) -> Method:
    """Return `HTTPConnectionPool.urlopen`, with each request followed to the end of its body."""

    def urlopen(self: Any, *args: Any, **kwargs: Any) -> Any:
        call = WatchedCall(named(name_of, self, "other"))
        call.begin()
        call.enter()
        try:
            response = inner(self, *args, **kwargs)
        except BaseException as error:
            call.end(failure(error))
            raise
        call.leave()
        follow(call, response)
        return response

    return urlopen


@harmless
def follow(call: WatchedCall, response: Any) -> None:
    """Have the call end with the response's body."""
    if not isinstance(response, HTTPResponse) or response.connection is None:
        call.end(outcome(response))
    else:
        vars(response)[CALL] = call
        call.hold()


def reading(inner: Method) -> Method:
    """Return `HTTPResponse.read`, which waits for the upstream: between two reads the program does its own work."""

    def read(self: Any, *args: Any, **kwargs: Any) -> Any:
        call = vars(self).get(CALL)
        if call is None:
            return inner(self, *args, **kwargs)
        call.read_on()
        try:
            return inner(self, *args, **kwargs)
        finally:
            call.hold()

    return read


def reading_chunks(inner: Method) -> Method:
    """Return `HTTPResponse.read_chunked`, a generator, likewise."""

    def read_chunked(self: Any, *args: Any, **kwargs: Any) -> Any:
        call = vars(self).get(CALL)
        pieces = inner(self, *args, **kwargs)
        return pieces if call is None else Reads(pieces, call)

    return read_chunked


def outcome(response: Any) -> str:
    """Return how a call ends that has a response."""
    return "error" if response.status >= SERVER_ERROR else "ok"


def failure(error: BaseException) -> str:
    """Return how a call ended that raised `error`."""
    reason = error.reason if isinstance(error, MaxRetryError) else error
    if isinstance(reason, Timeout) and not isinstance(reason, NewConnectionError):  # which is one by inheritance only
        return "timeout"
    return outcome_of(error)


def ending(inner: Method) -> Method:
    """Return `HTTPResponse.release_conn` or `close`, after which no more of the body is read."""

    def end(self: Any) -> Any:
        call = vars(self).pop(CALL, None)
        if call is not None:
            error = call.raised()
            # requests' own HTTPError, which has a response, is for a bad status: that is the response's own.
            if isinstance(error, (HTTPError, OSError)) and getattr(error, "response", None) is None:
                call.end(failure(error))
            else:
                call.end(outcome(self))
        return inner(self)

    return end
