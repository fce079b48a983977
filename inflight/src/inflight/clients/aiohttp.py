"""aiohttp: its calls, and their waits for a connection, through its tracing.

https://docs.aiohttp.org/en/stable/tracing_reference.html
"""

from __future__ import annotations

from asyncio import CancelledError
from functools import partial
from time import perf_counter
from typing import Any

from aiohttp import ClientConnectionError, ClientPayloadError, ClientResponse, ClientSession, TraceConfig

from inflight.hooks.watched import WatchedCall, harmless, named
from inflight.hooks.wrap import Method, known, wrap
from inflight.linux.tcp_info import STEP, Socket, waited
from inflight.telemetry import active
from inflight.waits import outcome_of

SERVER_ERROR = 500
ARRIVAL = "inflight_arrival"
"""The attribute of a response in which its socket and its lateness are left until the trace comes for them."""
NEVER = (None, 0.0)
BODY = "inflight_body"
"""The attribute of a response that holds its `Body`."""


def install() -> None:
    """Give each `ClientSession` that is made from now on a trace of this module's."""
    if not known("aiohttp", 3):
        return
    trace = make_trace()

    def with_trace(inner: Method) -> Method:
        def constructor(self: Any, *args: Any, **kwargs: Any) -> None:
            # The last: a trace of the user's that raises at the start does so before this one has begun to count.
            kwargs["trace_configs"] = [*(kwargs.get("trace_configs") or ()), trace]
            inner(self, *args, **kwargs)

        return constructor

    wrap(ClientSession, "__init__", with_trace)
    wrap(ClientResponse, "start", timed_start)
    wrap(ClientResponse, "close", ending)
    wrap(ClientResponse, "release", ending)


def make_trace() -> TraceConfig:
    """Return the `TraceConfig`; one serves all sessions."""

    async def redirect(_session: Any, trace: Any, params: Any) -> None:
        trace.redirected(params.response)

    async def begin(_session: Any, trace: Any, params: Any) -> None:
        trace.begin(params.url)

    async def queue(_session: Any, trace: Any, _params: Any) -> None:
        trace.queue()

    async def dequeue(_session: Any, trace: Any, _params: Any) -> None:
        trace.call.dequeue()

    async def reuse(session: Any, trace: Any, _params: Any) -> None:
        trace.connected(session.connector)

    async def create(session: Any, trace: Any, _params: Any) -> None:
        trace.connected(session.connector)
        trace.call.enter()  # a look-up of the name waits for a thread, which is no time of the upstream's

    async def created(_session: Any, trace: Any, _params: Any) -> None:
        trace.call.leave()

    async def end(_session: Any, trace: Any, params: Any) -> None:
        trace.follow(params.response)

    async def fail(_session: Any, trace: Any, params: Any) -> None:
        trace.call.end(outcome_of(params.exception))

    config = TraceConfig(trace_config_ctx_factory=Trace)  # type: ignore[arg-type]
    config.on_request_start.append(begin)
    config.on_connection_queued_start.append(queue)
    config.on_connection_queued_end.append(dequeue)
    config.on_connection_reuseconn.append(reuse)
    config.on_connection_create_start.append(create)
    config.on_connection_create_end.append(created)
    config.on_request_redirect.append(redirect)
    config.on_request_end.append(end)
    config.on_request_exception.append(fail)
    return config


class Trace:
    """What aiohttp hands to the callbacks of one request."""

    __slots__ = ("_earlier", "_queued", "call")

    def __init__(self, trace_request_ctx: object = None) -> None:
        self._earlier = 0.0
        self._queued = False

    def begin(self, url: Any) -> None:
        """Begin the call."""
        self.call = WatchedCall(named(name_of, url, "other"))
        self.call.begin()

    def queue(self) -> None:
        """Note that the request waits for a connection."""
        self._queued = True
        self.call.queue()

    def connected(self, connector: Any) -> None:
        """Note that there is a connection; aiohttp tells of the queue only to those that had to wait."""
        if self._queued or connector is None:  # a session that was closed meanwhile has none
            return
        if connector.limit or connector.limit_per_host:  # without a limit, there is no queue
            self.call.unqueued()

    @harmless
    def redirected(self, response: Any) -> None:
        """Note how long the response that leads to another URL lay unread."""
        self._earlier += vars(response).pop(ARRIVAL, NEVER)[1]

    @harmless
    def follow(self, response: Any) -> None:
        """Follow the response, whose headers are here, to the end of its body."""
        sock, late = vars(response).pop(ARRIVAL, NEVER)
        self.call.late = self._earlier + late
        outcome = "error" if response.status >= SERVER_ERROR else "ok"
        if response.content.is_eof():
            self.call.end(outcome)
            return
        vars(response)[BODY] = Body(self.call, outcome)
        response.content.on_eof(partial(self._whole, sock, outcome))

    @harmless
    def _whole(self, sock: Socket | None, outcome: str) -> None:
        # The response was late by as much as its end was: headers that lie unread hold up nobody while the upstream is
        # still at the body. What the program did not read for long, though the loop was free, is not late.
        telemetry = active()
        if sock is not None and telemetry is not None:
            self.call.late = self._earlier + min(waited(sock) or 0.0, telemetry.heartbeat.behind())
        self.call.end(outcome)


class Body:
    """A response's body that is still to come; the call ends if the response is forgotten before its last byte."""

    __slots__ = ("_call", "_outcome")

    def __init__(self, call: WatchedCall, outcome: str) -> None:
        self._call = call
        self._outcome = outcome

    def close(self) -> None:
        """End the call, by what the program closes the response for; a bad status is the response's own."""
        error = self._call.raised()
        if isinstance(error, (CancelledError, TimeoutError, ClientConnectionError, ClientPayloadError)):
            self._outcome = outcome_of(error)
        self._call.end(self._outcome)

    def __del__(self) -> None:
        self._call.end(self._outcome)


def name_of(url: Any) -> str:
    """Return the upstream's name: the URL's host, with its port where that is not the scheme's own."""
    return str(url.host) if url.is_default_port() else f"{url.host}:{url.port}"


def timed_start(inner: Method) -> Method:
    """Return `ClientResponse.start`, which reads the headers, so that it notes how long they have lain unread."""

    async def start(self: Any, connection: Any) -> Any:
        transport = connection.transport  # a connection whose whole response is here lets go of it
        began = perf_counter()
        response = await inner(self, connection)
        note_arrival(self, transport, perf_counter() - began)
        return response

    return start


@harmless
def note_arrival(response: Any, transport: Any, took: float) -> None:
    """Leave the response's socket with it, and the seconds since its last bytes arrived there.

    `took` is how long the response was waited for: where it is less than the kernel can tell, it is not asked.
    """
    if transport is not None and active() is not None:
        sock = transport.get_extra_info("socket")
        vars(response)[ARRIVAL] = sock, (waited(sock) or 0.0) if took >= STEP else 0.0


def ending(inner: Method) -> Method:
    """Return `ClientResponse.close` or `release`, after which no more of the body is read."""

    def end(self: Any, *args: Any, **kwargs: Any) -> Any:
        body = vars(self).pop(BODY, None)
        if body is not None:
            body.close()
        return inner(self, *args, **kwargs)

    return end
