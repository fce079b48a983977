"""The client's view as metrics."""

from __future__ import annotations

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest

from services.sender.metrics import SenderMetrics


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
