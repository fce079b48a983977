"""The whole of the telemetry as one object: a registry's metrics, the live gauges, the heartbeat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial

import anyio.to_thread
from prometheus_client import CollectorRegistry

from services.telemetry import kernel
from services.telemetry.heartbeat import Heartbeat
from services.telemetry.live import Live
from services.telemetry.metrics import Metrics
from services.telemetry.upstream import Upstream

FOLD = 1.0
"""Seconds from one folding of the histograms to the next; a scrape folds them too."""


class Telemetry:
    """What one server knows about its requests.

    Give the same object to `TelemetryMiddleware` (around the application), to `stamped_protocol` (for uvicorn) and to
    `AdminServer`; run the application inside `running()`.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.metrics = Metrics(self.registry)
        self.live = Live()
        self.heartbeat = Heartbeat(self.metrics.loop_lag.labels())
        self.live.stalled = self.heartbeat.stalled
        self.registry.register(self.live)

    def watch_port(self, port: int) -> None:
        """Count the unread connections on the service's own `port` as the kernel's queue."""
        self.live.waiting_in_kernel = partial(kernel.unread_connections, port)

    def expect(self, method: str, route: str, codes: Iterable[int]) -> None:
        """Export 0 for requests that have not come yet: `rate` sees no increase in a series that begins with the first.

        (https://prometheus.io/docs/practices/instrumentation/#avoid-missing-metrics)
        """
        self.live.known.add((method, route))
        self.metrics.duration.labels(method, route)
        for code in codes:
            self.metrics.completed.labels(method, route, str(code))

    def upstream(self, name: str, outcomes: Iterable[str] = ()) -> Upstream:
        """Return the telemetry of the calls to one upstream; `name` becomes a label, so it is the program's own.

        `outcomes` are how calls can end besides `ok`, `error` and `cancelled`.
        """
        return Upstream(name, self.metrics, self.live, outcomes)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch the running loop and its thread pool until the block is left."""
        limiter = anyio.to_thread.current_default_thread_limiter()
        self.live.waiting_for_thread = lambda: limiter.statistics().tasks_waiting
        self.heartbeat.start()
        folding = asyncio.create_task(self._fold())
        try:
            yield
        finally:
            folding.cancel()
            self.heartbeat.stop()

    async def _fold(self) -> None:
        while True:
            await asyncio.sleep(FOLD)
            self.metrics.fold()
