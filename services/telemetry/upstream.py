"""Calls to an upstream: how many are under way, how long they take, and how long they waited for a connection."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

from services.telemetry.ledger import current_ledger
from services.telemetry.live import Live
from services.telemetry.metrics import Metrics

if TYPE_CHECKING:
    import aiohttp

OUTCOMES = ("ok", "error", "cancelled")
"""How a call ends whose exception has no `outcome` of its own."""
AT_LEAST = 0.001
"""Seconds that are left when a wait took all of them: a timeout of 0 means other things to other libraries."""


class Call:
    """One call to the upstream, timed from `with` to its end. `pool` is the wait for a connection, in seconds.

    `late` is for how long what came from the upstream waited for our own event loop (`arrivals.py`).

    An exception's `outcome` attribute names how the call failed, else it is an `error`. (A class, because it is on
    every request's way and a generator costs three times as much.)
    """

    __slots__ = ("late", "ledger", "pool", "queued_at", "started_at", "upstream")

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.ledger = current_ledger.get()
        self.started_at = 0.0
        self.queued_at: float | None = None
        self.pool: float | None = None
        self.late = 0.0

    def __enter__(self) -> Self:
        self.started_at = perf_counter()
        self.upstream.calls.add(self)
        if self.ledger is not None:
            self.ledger.begin_call(self.started_at)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None:
            outcome = "ok"
        elif isinstance(error, asyncio.CancelledError):
            outcome = "cancelled"
        else:
            outcome = getattr(error, "outcome", "error")
        self.upstream.end(self, outcome)


class Upstream:
    """The telemetry of all calls to one upstream, from any thread or task."""

    def __init__(self, name: str, metrics: Metrics, live: Live, outcomes: Iterable[str] = ()) -> None:
        self.name = name
        for outcome in (*OUTCOMES, *outcomes):
            metrics.client_duration.labels(name, outcome)  # exported as 0 before the first call
        self._metrics = metrics
        self._live = live
        self.calls: set[object] = live.upstream.setdefault(name, set())

    def call(self) -> Call:
        """Return one call, to be made inside `with`."""
        return Call(self)

    @contextmanager
    def connection(self, call: Call, limit: threading.Semaphore | None, timeout: float) -> Iterator[float]:
        """Hold one of the pool's connections for a call from a thread; no `limit`, no queue.

        Yields what the wait has left of `timeout`, in seconds. Raises TimeoutError when it has left nothing.
        """
        if limit is None:
            yield timeout
            return
        self._queue(call)
        try:
            held = limit.acquire(timeout=timeout)
        finally:
            self._dequeue(call)
        if not held:
            raise TimeoutError("no connection of the pool was free in time")
        try:
            yield max(AT_LEAST, timeout - (call.pool or 0.0))
        finally:
            limit.release()

    def aiohttp_trace(self) -> aiohttp.TraceConfig:
        """Return the trace that tells how long an aiohttp call waits for a connection.

        Pass the call as `trace_request_ctx`. aiohttp signals the queue only to those that had to wait
        (https://docs.aiohttp.org/en/stable/tracing_reference.html); who gets a connection without, waited 0 s.
        """
        from aiohttp import TraceConfig

        async def queued(_session: Any, context: SimpleNamespace, _params: Any) -> None:
            self._queue(context.trace_request_ctx)

        async def got_connection(_session: Any, context: SimpleNamespace, _params: Any) -> None:
            self._dequeue(context.trace_request_ctx)

        async def had_connection(_session: Any, context: SimpleNamespace, _params: Any) -> None:
            call: Call = context.trace_request_ctx
            call.pool = call.pool or 0.0

        trace = TraceConfig()
        trace.on_connection_queued_start.append(queued)
        trace.on_connection_queued_end.append(got_connection)
        trace.on_connection_create_start.append(had_connection)
        trace.on_connection_reuseconn.append(had_connection)
        return trace

    def _queue(self, call: Call) -> None:
        call.queued_at = perf_counter()
        self._live.in_pool.add(call)

    def _dequeue(self, call: Call) -> None:
        if call.queued_at is None:
            return
        self._live.in_pool.discard(call)
        waited = perf_counter() - call.queued_at
        call.queued_at = None
        call.pool = (call.pool or 0.0) + waited

    def end(self, call: Call, outcome: str) -> None:
        """Count a call that is over."""
        self._dequeue(call)  # a call that was cancelled, or failed, in the queue
        self.calls.discard(call)
        now = perf_counter()
        took = now - call.started_at - (call.pool or 0.0)
        late = min(call.late, took)  # the kernel's clock has steps of about 4 ms
        self._metrics.client_duration.labels(self.name, outcome).observe(took - late)
        if call.pool is not None:
            self._metrics.wait.labels("pool").observe(call.pool)
        if call.ledger is not None:
            call.ledger.end_call(now, call.pool, late)
