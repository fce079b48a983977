"""The client's view as metrics."""

from __future__ import annotations

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest

from inflight.send.metrics import SenderMetrics
from inflight.send.outcome import OUTCOMES
from inflight.send.sender import Sender, Target


def test_all_metrics_are_on_the_registry_handed_in() -> None:
    """None strays into the library's global registry."""
    registry = CollectorRegistry()
    metrics = SenderMetrics(registry)
    metrics.in_flight.labels("a").inc()
    metrics.completed.labels("a", "ok").inc()
    metrics.duration.labels("a").observe(1)
    text = generate_latest(registry).decode()
    assert 'sender_requests_in_flight{gateway="a"} 1.0' in text
    assert 'sender_requests_completed_total{gateway="a",outcome="ok"} 1.0' in text
    assert 'sender_request_duration_seconds_count{gateway="a"} 1.0' in text
    assert "sender_" not in generate_latest(REGISTRY).decode()


def test_a_target_is_exported_as_0_before_its_first_request() -> None:
    """Prometheus sees no increase in a series that begins with a request."""
    registry = CollectorRegistry()
    Sender(Target("a-gateway", "http://x/"), 1.0, SenderMetrics(registry))
    gateway = {"gateway": "a-gateway"}
    assert registry.get_sample_value("sender_requests_in_flight", gateway) == 0
    assert registry.get_sample_value("sender_request_duration_seconds_count", gateway) == 0
    for outcome in OUTCOMES:
        assert registry.get_sample_value("sender_requests_completed_total", {**gateway, "outcome": outcome}) == 0
