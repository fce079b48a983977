"""Histograms for a request's way: an observation is left in a queue, and put into its bucket later.

`prometheus_client.Histogram.observe` takes two locks and looks through the buckets, four times a request; here that is
one `append`. They are put into buckets once a second, and when a scrape asks: what it reads is the same.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from math import inf

from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class Child:
    """The observations of one set of label values, from any thread; `bounds` are upper bounds, ascending."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        self._new: deque[float] = deque()
        self._folding = threading.Lock()
        self.observe = self._new.append  # one call in C, which no other thread can interrupt
        """Take one observation."""

    def fold(self) -> None:
        """Put what was observed into the buckets."""
        with self._folding:
            for _ in range(len(self._new)):
                amount = self._new.popleft()
                self._counts[bisect_left(self._bounds, amount)] += 1
                self._sum += amount

    def read(self) -> tuple[list[int], float]:
        """Return how many observations were at most each bound, how many there were, and last the sum of all."""
        self.fold()
        with self._folding:
            return list(accumulate(self._counts)), self._sum


class Histogram(Collector):
    """A family of histograms, one for each set of label values; `buckets` are upper bounds, ascending."""

    def __init__(
        self,
        name: str,
        documentation: str,
        labelnames: Sequence[str],
        buckets: Sequence[float],
        registry: CollectorRegistry,
    ) -> None:
        self._name = name
        self._documentation = documentation
        self._labelnames = labelnames
        self._buckets = buckets
        self._children: dict[tuple[str, ...], Child] = {}
        registry.register(self)

    def labels(self, *values: str) -> Child:
        """Return the child of these label values, from any thread: `setdefault` is one call in C, like `append`."""
        return self._children.get(values) or self._children.setdefault(values, Child(self._buckets))

    def fold(self) -> None:
        """Put what was observed into the buckets of every child."""
        for child in tuple(self._children.values()):
            child.fold()

    def describe(self) -> Iterator[HistogramMetricFamily]:
        """Yield the family without observations; the registry learns the name from it."""
        yield HistogramMetricFamily(self._name, self._documentation, labels=self._labelnames)

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Yield the family."""
        family = HistogramMetricFamily(self._name, self._documentation, labels=self._labelnames)
        for values, child in tuple(self._children.items()):
            add_histogram(family, values, self._buckets, [child.read()])
        yield family


def add_histogram(
    family: HistogramMetricFamily,
    values: Sequence[str],
    buckets: Sequence[float],
    read: Sequence[tuple[list[int], float]],
) -> None:
    """Add one histogram to a family: the sum of what was read of several children."""
    texts = _texts(tuple(buckets))
    counts = [sum(column) for column in zip(*(counts for counts, _ in read), strict=True)]
    family.add_metric(values, list(zip(texts, counts, strict=True)), sum(total for _, total in read))


@cache
def _texts(buckets: tuple[float, ...]) -> list[str]:
    """Return the bounds as labels have them; made once, not for each histogram of each scrape."""
    return [floatToGoString(bound) for bound in (*buckets, inf)]  # type: ignore[no-untyped-call]
