"""The gauges: what is in flight and what waits at this moment, read when a scrape asks, from the scraping thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.telemetry.labels import method_label, route_label
from services.telemetry.ledger import Ledger


class Live(Collector):
    """What is where now. The event loop writes it without locks; a scrape in another thread only reads it.

    Counting at scrape time costs a request nothing, and no gauge can drift: a request is in flight exactly as long as
    its ledger is in the set.
    """

    def __init__(self) -> None:
        self.in_flight: set[Ledger] = set()
        self.in_loop: set[Ledger] = set()
        self.in_pool: set[object] = set()
        self.upstream: dict[str, set[object]] = {}
        self.waiting_for_thread: Callable[[], int] | None = None
        self.waiting_in_kernel: Callable[[], int | None] = lambda: None
        self.stalled: Callable[[], float] = lambda: 0.0
        self.known: set[tuple[str, str]] = set()
        """The method and route of every request that has been here: where none is in flight, 0 are."""

    def waiting(self) -> dict[str, int]:
        """Return how many requests wait in each queue; a queue that cannot be counted is absent."""
        counts: dict[str, int | None] = {
            "kernel": self.waiting_in_kernel(),
            "loop": len(self.in_loop),
            "thread": self.waiting_for_thread() if self.waiting_for_thread else None,
            "pool": len(self.in_pool),
        }
        return {queue: count for queue, count in counts.items() if count is not None}

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges as they are now."""
        yield self._in_flight()
        waiting = GaugeMetricFamily("http_requests_waiting", "Requests waiting in each queue now.", labels=("queue",))
        for queue, count in self.waiting().items():
            waiting.add_metric((queue,), count)
        yield waiting
        client = GaugeMetricFamily("http_client_requests_in_flight", "Calls to an upstream now.", labels=("upstream",))
        for name, calls in tuple(self.upstream.items()):
            client.add_metric((name,), len(calls))
        yield client
        yield GaugeMetricFamily(
            "event_loop_stalled_seconds", "Time since the event loop's last heartbeat.", self.stalled()
        )

    def _in_flight(self) -> GaugeMetricFamily:
        counts: Counter[tuple[str, str]] = Counter()
        # tuple(set) runs without letting another thread in (one C call under the interpreter's lock).
        for ledger in tuple(self.in_flight):
            key = method_label(ledger.scope), route_label(ledger.scope)
            if not ledger.finished:  # else it may have ended, and forgotten its scope, before its labels were read
                counts[key] += 1
        self.known.update(counts)
        family = GaugeMetricFamily(
            "http_requests_in_flight",
            "Requests that entered the application and whose last byte is not yet sent.",
            labels=("method", "route"),
        )
        for key in sorted(self.known):
            family.add_metric(key, counts[key])
        return family
