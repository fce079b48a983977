"""The cases whose requests wait for a connection of a pool: the wait is the pool's, never the upstream's."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.eventually import eventually
from tests.inflight.cases.upstream import with_upstream
from tests.inflight.run.service import Metrics, Service, serving

pytestmark = pytest.mark.long


def _value(metrics: Metrics, name: str, **labels: str) -> float:
    value = metrics.value(name, **labels)
    assert value is not None, (name, labels)
    return value


def _pool(service: Service) -> float | None:
    return service.metrics().value("http_requests_waiting", queue="pool")


@pytest.mark.parametrize("path", ["/verify", "/dep"])
def test_async_db_pool(path: str) -> None:
    """Of 30 at once 27 wait for one of 3 connections; a query is 0.2 s of the database's, whoever waited before it."""
    with serving("async_db_pool:app") as service:
        calls = service.at_once(30, path)
        eventually(lambda: (_pool(service) or 0) > 5, wanted=True)
        assert {call.result().status for call in calls} == {200}
        eventually(lambda: _pool(service), 0)
        metrics = service.metrics()
        assert 20 < _value(metrics, "http_request_wait_seconds_sum", queue="pool") < 60
        queries = _value(metrics, "http_client_request_duration_seconds_count")
        assert _value(metrics, "http_client_request_duration_seconds_sum") / queries < 0.6


@pytest.mark.alone
def test_httpx_pool() -> None:
    """10 of 30 are served, 20 refused after a second and a half, all of it in the queue for a connection."""
    with with_upstream("httpx_pool:app", 3) as service:
        calls = service.at_once(30, "/chat")
        eventually(lambda: _pool(service), 20)
        responses = [call.result() for call in calls]
        assert Counter(response.status for response in responses) == {200: 10, 503: 20}
        for response in responses:
            if response.status == 503:
                assert response.timing["pool"] > 1.3
                assert response.timing.get("upstream", 0) < 0.5
            else:
                assert response.timing["upstream"] > 2.5
        assert _pool(service) == 0


@pytest.mark.alone
def test_aiohttp_100() -> None:
    """100 of 180 are served at once; the others wait for a connection, and the upstream takes a second for each."""
    with with_upstream("aiohttp_100:app", 1) as service:
        calls = service.at_once(180, "/article")
        timings = [call.result().timing for call in calls]
        assert 60 <= sum(timing.get("pool", 0) > 0.5 for timing in timings) <= 80  # a busy machine sends slowly
        assert all(timing["upstream"] > 0.9 for timing in timings)
        assert _value(service.metrics(), "http_request_wait_seconds_sum", queue="pool") > 50


def test_culprit() -> None:
    """The line that holds the loop is found deep in a helper, with the route whose request it serves."""
    with serving("culprit:app") as service:
        for _ in range(2):
            feeds = service.at_once(5, "/game/feed/1")
            assert service.get("/game/results/7").body == b'"pdf"'
            assert {feed.result().status for feed in feeds} == {200}
        eventually(
            lambda: (
                service.metrics().value("event_loop_blocked_seconds_total", route="/game/results/{team}") is not None
            ),
            wanted=True,
        )
        blocked = [each for each in service.metrics().samples if each.name == "event_loop_blocked_seconds_total"]
        worst = max(blocked, key=lambda each: each.value)
        assert "culprit.py:14 render_pdf" in worst.labels["where"]
        assert worst.labels["route"] == "/game/results/{team}"
        assert 2 < worst.value < 6
