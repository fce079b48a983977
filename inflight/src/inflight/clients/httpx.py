"""httpx: its calls, and their waits for a connection, through the `trace` extension of requests.

https://www.python-httpx.org/advanced/extensions/#trace

The first event of an async connection comes a turn of the event loop after the pool has given it away: what calls the
connection ends the wait.
"""

from __future__ import annotations

import sys
from asyncio import CancelledError
from collections.abc import AsyncIterator, Iterator
from time import perf_counter
from typing import Any

import httpx

from inflight.hooks.watched import AsyncReads, Reads, WatchedCall, harmless
from inflight.hooks.wrap import Method, known, wrap
from inflight.linux.tcp_info import waited
from inflight.waits import outcome_of

SERVER_ERROR = 500
CONNECTED = "inflight.connected"
"""The extension of a request that is called when it has a connection."""


def install() -> None:
    """Watch the transports of httpx's own, sync and async, of clients that exist already, too."""
    if not known("httpx", 0):
        return
    wrap(httpx.AsyncHTTPTransport, "__init__", watching_connections)
    wrap(httpx.AsyncHTTPTransport, "handle_async_request", timed_async)
    wrap(httpx.HTTPTransport, "handle_request", timed)
    if "httpcore" in sys.modules:
        watch_connections()


def watching_connections(inner: Method) -> Method:
    """Return `AsyncHTTPTransport.__init__`, the first of which imports httpcore."""

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        inner(self, *args, **kwargs)
        watch_connections()

    return init


@harmless
def watch_connections() -> None:
    """Have connections tell their request that it has one."""
    import httpcore

    wrap(httpcore.AsyncHTTPConnection, "handle_async_request", telling)


def telling(inner: Method) -> Method:
    """Return `AsyncHTTPConnection.handle_async_request`, which the pool calls as soon as it has a connection."""

    async def handle_async_request(self: Any, request: Any) -> Any:
        connected = request.extensions.get(CONNECTED)
        # With HTTP/2 it may still wait for a stream, or for another request's connecting: the first event ends that.
        if connected is not None and (not self.is_available() or "HTTP/1.1" in self.info()):
            connected()
        return await inner(self, request)

    return handle_async_request


def timed_async(inner: Method) -> Method:
    """Return `AsyncHTTPTransport.handle_async_request`, with each request followed to the end of its body."""

    async def handle_async_request(self: Any, request: httpx.Request) -> httpx.Response:
        call = begin(request)
        extensions = request.extensions
        request.extensions = traced = dict(extensions)
        users = extensions.get("trace")
        since: float | None = None

        def connected() -> None:
            nonlocal since
            call.dequeue()
            since = perf_counter()

        async def trace(event: str, info: dict[str, Any]) -> None:
            nonlocal since
            call.dequeue()  # where no connection of httpcore's own has told: a proxy's
            if since is not None:
                call.late += perf_counter() - since  # nothing was sent before this turn of the loop
                since = None
            if users is not None:
                await users(event, info)
            else:
                traced.pop("trace", None)  # each further event would cost, and tell nothing

        traced.update({"trace": trace, CONNECTED: connected})
        call.enter()  # a look-up of the name waits for a thread, which is no time of the upstream's
        try:
            response: httpx.Response = await inner(self, request)
        except BaseException as error:
            call.end(failure(error))
            raise
        finally:
            call.leave()
            request.extensions = extensions
        arrive(call, response)
        call.hold()
        response.stream = AsyncBody(response.stream, call, outcome(response))
        return response

    return handle_async_request


def timed(inner: Method) -> Method:
    """Return `HTTPTransport.handle_request`, with each request followed to the end of its body."""

    def handle_request(self: Any, request: httpx.Request) -> httpx.Response:
        call = begin(request)
        extensions = request.extensions
        request.extensions = traced = dict(extensions)
        users = extensions.get("trace")

        def trace(event: str, info: dict[str, Any]) -> Any:
            call.dequeue()
            if users is not None:
                return users(event, info)
            traced.pop("trace", None)
            return None

        traced["trace"] = trace
        try:
            response: httpx.Response = inner(self, request)
        except BaseException as error:
            call.end(failure(error))
            raise
        finally:
            request.extensions = extensions
        call.hold()
        response.stream = Body(response.stream, call, outcome(response))
        return response

    return handle_request


def begin(request: httpx.Request) -> WatchedCall:
    """Begin a call, in the queue of its pool; it is named by the URL's host and, where there is one, port."""
    call = WatchedCall(request.url.netloc.decode("ascii"))
    call.begin()
    call.queue()
    return call


@harmless
def arrive(call: WatchedCall, response: httpx.Response) -> None:
    """Note for how long the response headers lay unread."""
    stream = response.extensions.get("network_stream")
    sock = stream.get_extra_info("socket") if stream is not None else None
    if sock is not None:
        call.late += waited(sock) or 0.0


def outcome(response: httpx.Response) -> str:
    """Return how a call ends that has a response."""
    return "error" if response.status_code >= SERVER_ERROR else "ok"


def failure(error: BaseException) -> str:
    """Return how a call ended that raised `error`."""
    return "timeout" if isinstance(error, httpx.TimeoutException) else outcome_of(error)


class Following:
    """A response's body; the call ends with it, or when the response is forgotten before its last byte."""

    def __init__(self, stream: Any, call: WatchedCall, outcome: str) -> None:
        self._stream = stream
        self._call = call
        self._outcome = outcome

    def end(self) -> None:
        """End the call, by what the program closes the response for; a bad status is the response's own."""
        error = self._call.raised()
        if isinstance(error, (CancelledError, TimeoutError, httpx.RequestError)):
            self._outcome = failure(error)
        self._call.end(self._outcome)

    def __del__(self) -> None:
        self._call.end(self._outcome)


class AsyncBody(Following, httpx.AsyncByteStream):
    """The body of an async response."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return the body's own iterator, timed."""
        return AsyncReads(self._stream.__aiter__(), self._call)

    async def aclose(self) -> None:
        """Close the body."""
        self.end()
        await self._stream.aclose()


class Body(Following, httpx.SyncByteStream):
    """The body of a response."""

    def __iter__(self) -> Iterator[bytes]:
        """Return the body's own iterator, timed."""
        return Reads(self._stream.__iter__(), self._call)

    def close(self) -> None:
        """Close the body."""
        self.end()
        self._stream.close()
