"""Every counter and histogram that the telemetry exports, declared once, on the registry handed in."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from inflight.completed import Completed
from inflight.histogram import Histogram

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
        self.completed = Completed(LATENCY_BUCKETS, registry)
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
            "Requests that waited while something held the event loop, before or after they had begun.",
            ("where", "route"),
            registry=registry,
        )

    def fold(self) -> None:
        """Put what was observed into buckets, so that it does not pile up where nobody scrapes."""
        for family in (self.completed, self.wait, self.client_duration, self.loop_lag):
            family.fold()
