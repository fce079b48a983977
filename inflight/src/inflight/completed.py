"""The completed requests: how many there were, and how long each took."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from inflight.histogram import Child, add_histogram

LABELS = ("method", "route")
ERROR = 500
"""What any request may end with."""


class Completed(Collector):
    """What is observed of each request when it is over, by method, route and code.

    The number of durations is the counter: a request costs two appends, and no lock.
    """

    def __init__(self, buckets: Sequence[float], registry: CollectorRegistry) -> None:
        self._buckets = buckets
        self.known: set[tuple[str, str]] = set()
        """The method and route of every request that has been here."""
        self._children: dict[tuple[str, str, int], tuple[Child, Child]] = {}
        registry.register(self)

    def of(self, method: str, route: str, code: int) -> tuple[Child, Child]:
        """Return what takes the duration of such a request, and what takes its time to the first byte."""
        key = method, route, code
        found = self._children.get(key)
        if found is None:
            self.known.add((method, route))
            found = self._new(key)
            self._new((method, route, ERROR))  # at 0 first, or `rate` would not see the first of them
        return found

    def _new(self, key: tuple[str, str, int]) -> tuple[Child, Child]:
        return self._children.setdefault(key, (Child(self._buckets), Child(self._buckets)))

    def fold(self) -> None:
        """Put what was observed into buckets."""
        for children in tuple(self._children.values()):
            for child in children:
                child.fold()

    def describe(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        """Yield the families without observations; the registry learns the names from them."""
        yield from self._families()

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        """Yield the families."""
        count, duration, first_byte = self._families()
        by_route = defaultdict(list)
        for (method, route, code), (durations, first_bytes) in tuple(self._children.items()):
            took = durations.read()
            count.add_metric((method, route, str(code)), took[0][-1])
            by_route[method, route].append((took, first_bytes.read()))
        for labels, read in by_route.items():
            add_histogram(duration, labels, self._buckets, [took for took, _ in read])
            add_histogram(first_byte, labels, self._buckets, [first for _, first in read])
        yield from (count, duration, first_byte)

    def _families(self) -> tuple[CounterMetricFamily, HistogramMetricFamily, HistogramMetricFamily]:
        return (
            CounterMetricFamily(
                "http_requests_completed",
                "Requests finished; a client that went away before the last byte counts as 499.",
                labels=(*LABELS, "code"),
            ),
            HistogramMetricFamily(
                "http_request_duration_seconds", "From entering the application to the last byte sent.", labels=LABELS
            ),
            HistogramMetricFamily(
                "http_request_first_byte_seconds",
                "From entering the application to the response headers.",
                labels=LABELS,
            ),
        )
