"""Every counter and histogram that the telemetry exports, declared once, on the registry handed in."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from inflight.histogram import Child, Histogram

LATENCY_BUCKETS = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 1.1, 1.25, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0),
)
"""Seconds. Wide, because a queue's waits are multiples of what it waits for, which may be 60 s; close above the lab's
default delay of 1 s, so that a quantile of what took a second and a bit is not read as a second and a half."""
LAG_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0)


class Metrics:
    """The counters and histograms; the gauges are read when a scrape asks (`live.py`)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.completed = Counter(
            "http_requests_completed_total",
            "Requests finished; a client that went away before the last byte counts as 499.",
            ("method", "route", "code"),
            registry=registry,
        )
        self.duration = Histogram(
            "http_request_duration_seconds",
            "From entering the application to the last byte sent.",
            ("method", "route"),
            LATENCY_BUCKETS,
            registry,
        )
        self.first_byte = Histogram(
            "http_request_first_byte_seconds",
            "From entering the application to the response headers.",
            ("method", "route"),
            LATENCY_BUCKETS,
            registry,
        )
        self.wait = Histogram(
            "http_request_wait_seconds",
            "How long each request waited in each queue; in thread and pool, each time.",
            ("queue",),
            LATENCY_BUCKETS,
            registry,
        )
        self.client_duration = Histogram(
            "http_client_request_duration_seconds",
            "Calls to an upstream, waits for a connection and for the event loop left out, by outcome.",
            ("upstream", "outcome"),
            LATENCY_BUCKETS,
            registry,
        )
        self.handshakes = Counter(
            "websocket_handshakes_total",
            "WebSocket handshakes, by the status of the response; 101 was accepted.",
            ("route", "code"),
            registry=registry,
        )
        self.loop_lag = Histogram(
            "event_loop_lag_seconds", "How late each heartbeat of the event loop ran.", (), LAG_BUCKETS, registry
        )
        self.blocked = Counter(
            "event_loop_blocked_seconds_total",
            "How long code held the event loop, by the line and the route whose task it was.",
            ("where", "route"),
            registry=registry,
        )
        self.blocked_requests = Counter(
            "event_loop_blocked_requests_total",
            "Requests that waited in kernel or loop for what held the event loop.",
            ("where", "route"),
            registry=registry,
        )
        self._bound: dict[tuple[str, str, int], tuple[Counter, Child, Child]] = {}

    def of_request(self, method: str, route: str, code: int) -> tuple[Counter, Child, Child]:
        """Return the children for one kind of request, bound once: a look-up costs as much as an observation."""
        key = method, route, code
        found = self._bound.get(key)
        if found is None:
            found = self._bound[key] = (
                self.completed.labels(method, route, str(code)),
                self.duration.labels(method, route),
                self.first_byte.labels(method, route),
            )
        return found

    def fold(self) -> None:
        """Put what was observed into buckets, so that it does not pile up where nobody scrapes."""
        for histogram in (self.duration, self.first_byte, self.wait, self.client_duration, self.loop_lag):
            histogram.fold()
