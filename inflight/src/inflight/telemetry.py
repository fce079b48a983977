"""The whole of the telemetry of one process as one object."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from inflight.blocking.blame import Blame
from inflight.blocking.watchdog import Watchdog, blocked_after
from inflight.ledger import Ledger
from inflight.live import Live
from inflight.loop import Heartbeat
from inflight.metrics import Metrics
from inflight.process import about_the_process
from inflight.routes import UNMATCHED, Routes, method_label

if TYPE_CHECKING:
    from inflight.types import ASGIApp

log = logging.getLogger("inflight")

ServerTiming = bool | Literal["lines"]
"""Whether responses tell their ledger; "lines" names the line that they waited for, too."""

FOLD_EVERY = 20
"""Beats from one folding of the histograms to the next; a scrape folds them, too."""

_active: Telemetry | None = None


def active() -> Telemetry | None:
    """Return the telemetry that was started last in this process, for waits and calls outside of any request."""
    return _active


def enable_log() -> None:
    """Let our log be heard: a configuration that does not name it has disabled it (`disable_existing_loggers`)."""
    log.disabled = False


def _server_timing() -> ServerTiming:
    setting = os.environ.get("INFLIGHT_SERVER_TIMING", "on").lower()
    return "lines" if setting == "lines" else setting != "off"


class Telemetry:
    """What one process knows about its requests, as metrics of `registry`.

    `Middleware` (around the application) and `stamped` (the server's protocol) write it, `AdminServer` shows it.
    Where `server_timing` is None, it is the environment's `INFLIGHT_SERVER_TIMING`: `on`, `off` or `lines`.
    """

    def __init__(self, registry: CollectorRegistry | None = None, *, server_timing: ServerTiming | None = None) -> None:
        if server_timing is None:
            server_timing = _server_timing()
        self.server_timing = bool(server_timing)
        """Whether responses carry their ledger as a `Server-Timing` header."""
        self.names_lines = server_timing == "lines"
        """Whether that names the line that a request waited for: a client learns a file's and a function's name."""
        self.registry = CollectorRegistry() if registry is None else registry
        self.metrics = Metrics(self.registry)
        self.live = Live(self.labels, self.metrics.completed.known)
        self.heartbeat = Heartbeat(self.metrics.loop_lag.labels(), self._beat)
        self.live.stalled = self.heartbeat.stalled
        self.blame = Blame(self.metrics, blocked_after())
        self.watchdog = Watchdog(self, self.blame)
        self.whole_process = False
        """Whether it measures all that the process serves, so that a part of it needs no measuring of its own."""
        self.each_beat: list[Callable[[], object]] = []
        """What is called on the event loop when it is first watched, and with each of its heartbeats."""
        self._routes: Routes | None = None
        self._pools = Pools()
        self._beats = 0
        self.registry.register(self.live)
        self.registry.register(self._pools)
        if registry is not REGISTRY:  # prometheus-client registers its own there
            about_the_process(self.registry)

    def serves(self, app: ASGIApp) -> None:
        """Note the application whose routes are the requests' labels."""
        self._routes = Routes(app)

    def watch_port(self, port: int) -> None:
        """Count the unread connections of the service's own `port` as the kernel's queue."""
        self.live.ports.add(port)

    def expect(self, method: str, route: str, codes: Iterable[int]) -> None:
        """Export 0 for requests that have not come yet: `rate` sees no increase in a series that begins with the first.

        (https://prometheus.io/docs/practices/instrumentation/#avoid-missing-metrics)
        """
        self.live.known.add((method, route))
        for code in codes:
            self.metrics.completed.of(method, route, code)

    def labels(self, ledger: Ledger) -> tuple[str, str]:
        """Return the method and the route of a request; from another thread, only while it is not finished."""
        scope = ledger.scope
        if not scope:
            return "OTHER", UNMATCHED
        return method_label(scope), self._routes.label(scope) if self._routes is not None else UNMATCHED

    def start(self) -> None:
        """Watch the running event loop and its threads. Does nothing where they are watched already."""
        global _active  # noqa: PLW0603 - one process has one service
        loop = self.heartbeat.loop
        if loop is not None and not loop.is_closed():
            return
        _active = self
        self.heartbeat.start()
        self._call_each()
        self.watchdog.start()
        from inflight.threads import watch_threads  # it needs this module

        try:
            self._pools.watch(watch_threads())
            self.live.waits("thread")
        except Exception:
            log.exception("waits for threads are not measured")

    def stop(self) -> None:
        """Let go of the event loop."""
        self.heartbeat.stop()
        self.watchdog.stop()

    def _beat(self, late: float) -> None:
        if self.heartbeat.loop is not None and self.heartbeat.last is not None:
            self.blame.resume(self.heartbeat.loop, self.heartbeat.last, late)
        self.live.sweep()
        self._call_each()
        self._beats += 1
        if self._beats % FOLD_EVERY == 0:
            self.metrics.fold()

    def _call_each(self) -> None:
        for call in self.each_beat:
            call()


class Pools(Collector):
    """The thread pools' sizes, and how many of their threads are busy."""

    def __init__(self) -> None:
        self._pools: dict[str, Callable[[], tuple[int, int]]] = {}

    def watch(self, pools: dict[str, Callable[[], tuple[int, int]]]) -> None:
        """Export these pools; each tells its threads, and how many of them are busy."""
        self._pools = pools

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges as they are now."""
        size = GaugeMetricFamily("thread_pool_threads", "Threads that a pool may have.", labels=("pool",))
        busy = GaugeMetricFamily("thread_pool_threads_busy", "Threads of a pool that work now.", labels=("pool",))
        for name, read in tuple(self._pools.items()):
            threads, working = read()
            size.add_metric((name,), threads)
            busy.add_metric((name,), working)
        yield size
        yield busy
