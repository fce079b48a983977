"""The case with two workers and one port."""

from __future__ import annotations

import signal

import pytest

from tests.eventually import eventually
from tests.inflight.run.service import Metrics, Service, serving

pytestmark = pytest.mark.long

REQUESTS = 24


def _kernel(metrics: Metrics) -> float:
    return metrics.value("http_requests_waiting", queue="kernel") or 0


def test_two_workers_are_two_in_the_metrics_and_their_port_is_one() -> None:
    """Both serve; a request is unread, or in flight, or done: it is counted once, whoever is to serve it."""
    with serving("workers:app", "--workers", "2") as service:
        eventually(lambda: _started(service), 2)
        requests = service.at_once(REQUESTS, "/invoices")
        seen = []
        while not all(request.done() for request in requests):
            metrics = service.metrics()
            flying = metrics.value("http_requests_in_flight") or 0
            seen.append((_kernel(metrics), flying))
        assert {request.result().body for request in requests} == {b'"done"'}
        assert all(unread + flying <= REQUESTS for unread, flying in seen), seen
        assert max(unread for unread, _ in seen) > REQUESTS / 3, seen
        metrics = service.metrics()
        done = [metrics.value("http_requests_completed_total", worker=worker) for worker in "12"]
        assert None not in done
        assert sum(each or 0 for each in done) == REQUESTS
        names = {each.name for each in metrics.samples if "worker" not in each.labels}
        assert names == {"http_requests_waiting"}  # the accept queue is no worker's


def test_several_workers_end_as_with_uvicorn() -> None:
    """One that dies is started again; SIGHUP replaces all of them; the status at the end is 0."""
    with serving("workers:app", "--workers", "2") as service:
        eventually(lambda: _started(service), 2)
        before = len(service.said)
        victim = int(service.until(r"Started server process \[(\d+)\]")[1])
        import os

        os.kill(victim, signal.SIGKILL)
        service.until(rf"worker \d \(pid {victim}\) was killed by SIGKILL; starting another", before)
        service.until("Application startup complete", before)
        eventually(lambda: _started(service), 2)
        before = len(service.said)
        service.process.send_signal(signal.SIGHUP)
        service.until("(?s)(Finished server process.*){2}", before)
        assert service.get("/invoices").body == b'"done"'
        eventually(lambda: _started(service), 2)
        assert service.stop() == 0


def _started(service: Service) -> int:
    stalls = [each for each in service.metrics().samples if each.name == "event_loop_stalled_seconds"]
    return len(stalls)
