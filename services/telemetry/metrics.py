"""Every metric that the telemetry exports, declared once, on the registry handed in."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from services.telemetry.histogram import Histogram
from services.telemetry.process import about_the_process

LATENCY_BUCKETS = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 1.1, 1.25, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0),
)
"""Seconds. Wide, because a queue's waits are multiples of the backend's delay, which may be 60 s; close above the
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
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self.wait = Histogram(
            "http_request_wait_seconds",
            "How long each request waited in each queue.",
            ("queue",),
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self.client_duration = Histogram(
            "http_client_request_duration_seconds",
            "Calls to an upstream, the waits for the pool and for the event loop left out, by outcome.",
            ("upstream", "outcome"),
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self.loop_lag = Histogram(
            "event_loop_lag_seconds",
            "How late each heartbeat of the event loop ran.",
            (),
            buckets=LAG_BUCKETS,
            registry=registry,
        )
        about_the_process(registry)

    def fold(self) -> None:
        """Put what was observed into buckets, so that it does not pile up where nobody scrapes."""
        for histogram in (self.duration, self.wait, self.client_duration, self.loop_lag):
            histogram.fold()
