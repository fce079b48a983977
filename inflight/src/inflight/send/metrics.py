"""The client's view as metrics, on the registry handed in."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from inflight.metrics import LATENCY_BUCKETS
from inflight.send.outcome import OUTCOMES


class SenderMetrics:
    """What the sender counts; `gateway` is the target's name as the operator gave it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.in_flight = Gauge(
            "sender_requests_in_flight",
            "Requests that were due and have no whole response yet.",
            ("gateway",),
            registry=registry,
        )
        self.completed = Counter(
            "sender_requests_completed_total",
            "Requests that ended, by outcome.",
            ("gateway", "outcome"),
            registry=registry,
        )
        self.duration = Histogram(
            "sender_request_duration_seconds",
            "From when a request was due until its end.",
            ("gateway",),
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )

    def expect(self, gateway: str) -> None:
        """Export 0 for a target before its first request: `rate` sees no increase in a series that begins with it."""
        self.in_flight.labels(gateway)
        self.duration.labels(gateway)
        for outcome in OUTCOMES:
            self.completed.labels(gateway, outcome)
