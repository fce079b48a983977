"""What `inflight top` works out from two readings."""

from __future__ import annotations

from typing import Any

import pytest

from inflight.top.picture import lost, picture
from inflight.top.poller import Poller
from inflight.top.source import Reading, Source

Samples = dict[str, list[tuple[dict[str, str], float]]]


def reading(at: float, samples: Samples, requests: dict[str, Any] | None = None, missing: str = "") -> Reading:
    """Return a reading."""
    return Reading(at, samples, requests or {}, missing)


def completed(count: float, route: str = "/a", **labels: str) -> Samples:
    """Return a counter of requests."""
    return {"http_requests_completed_total": [({"method": "GET", "route": route, "code": "200", **labels}, count)]}


def test_rates_are_of_two_readings() -> None:
    """A rate is the increase since the last reading; before there are two, it is not known."""
    first = reading(10.0, {**completed(100), "event_loop_stalled_seconds": [({}, 0.01)]})
    second = reading(12.0, {**completed(120), "event_loop_stalled_seconds": [({}, 0.02)]})
    assert [worker.rate for worker in picture(first, None).workers] == [None]
    (worker,) = picture(second, first).workers
    assert worker.rate == pytest.approx(10.0)
    assert worker.stalled == pytest.approx(0.02)


def test_restarted_service_has_no_rate() -> None:
    """A counter that has gone down is of a service that was started again."""
    before = reading(10.0, {**completed(100), "event_loop_stalled_seconds": [({}, 0.01)]})
    now = reading(11.0, {**completed(5), "event_loop_stalled_seconds": [({}, 0.01)]})
    assert [worker.rate for worker in picture(now, before).workers] == [None]


def test_what_is_not_said_is_not_known() -> None:
    """A queue that nobody watches has no number, and neither has a process that does not respond itself."""
    samples: Samples = {"http_requests_waiting": [({"queue": "kernel"}, 3.0)]}
    shown = picture(
        reading(0.0, samples, {"processes": [{"pid": 7, "worker": 1, "silent": 2.5, "stalled": 2.5}]}), None
    )
    (worker,) = shown.workers
    assert (worker.in_flight, worker.waiting, worker.stalled, worker.rate) == (None, {"kernel": 3}, None, None)
    assert shown.missing == "process 7 has not responded for 2.5 s"


def test_workers_have_lines_of_their_own() -> None:
    """Of several workers each has its line, with what holds its own event loop."""
    samples: Samples = {
        "event_loop_stalled_seconds": [({"worker": "1"}, 0.01), ({"worker": "2"}, 1.2)],
        "http_requests_in_flight": [
            ({"worker": "1", "route": "/a", "method": "GET"}, 2),
            ({"worker": "2", "route": "/a"}, 3),
        ],
        "http_requests_waiting": [({"worker": "", "queue": "kernel"}, 4.0)],
    }
    blocked = {"where": "own.py:11 render_pdf (time.sleep)", "method": "GET", "route": "/results", "for": 1.2}
    processes = [{"worker": 1, "pid": 1}, {"worker": 2, "pid": 2, "blocked": blocked}]
    shown = picture(reading(0.0, samples, {"processes": processes}), None)
    assert [(worker.name, worker.in_flight, worker.blocked) for worker in shown.workers] == [
        ("", None, None),
        ("1", 2, None),
        ("2", 3, blocked),
    ]


def test_requests_are_listed_the_oldest_first() -> None:
    """The oldest request stands first, and what it has lost is its time in queues."""
    young = {"age": 0.1, "route": "/b", "ledger": {"kernel": 0.02, "application": 0.08, "total": 0.1}}
    old = {"age": 2.0, "route": "/a", "ledger": {"kernel": 0.5, "pool": 1.0, "application": 0.5, "total": 2.0}}
    in_flight = {"http_requests_in_flight": [({"route": "/a", "method": "GET"}, 1.0), ({"route": "/b"}, 1.0)]}
    shown = picture(reading(0.0, in_flight, {"requests": [young, old]}), None)
    assert shown.requests == [old, young]
    assert lost(old) == pytest.approx(1.5)
    assert {route.name: route.lost for route in shown.routes} == pytest.approx({"/a": 1.5, "/b": 0.02})


def test_what_a_route_has_lost_is_not_known_where_its_requests_are_not() -> None:
    """A 0 would be a claim: a page that is not shown to other machines, a worker that does not respond."""
    samples: Samples = {"http_requests_in_flight": [({"method": "GET", "route": "/a"}, 1.0)]}
    silent = {"requests": [], "processes": [{"pid": 7, "worker": "0", "silent": 1.5}]}
    for unknown in (reading(1.0, samples, missing="/requests responds with 403"), reading(1.0, samples, silent)):
        assert [route.lost for route in picture(unknown, None).routes] == [None]
    assert [route.lost for route in picture(reading(1.0, samples, {"requests": []}), None).routes] == [0.0]


def test_figures_of_another_kind_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Metrics of the same name may be somebody else's."""
    poller = Poller(Source("http://127.0.0.1:9000"))
    strange: Samples = {"http_requests_waiting": [({}, 3.0)]}
    monkeypatch.setattr(Source, "read", lambda _self: reading(1.0, strange))
    poller.read()
    assert poller.error == "that is no admin port: KeyError 'queue'"


def test_latency_is_the_mean_since_the_last_reading() -> None:
    """A route's latency is of the requests that ended since the last reading."""

    def durations(count: float, seconds: float) -> Samples:
        labels = {"method": "GET", "route": "/a"}
        return {
            "http_requests_in_flight": [(labels, 0.0)],
            "http_request_duration_seconds_count": [(labels, count)],
            "http_request_duration_seconds_sum": [(labels, seconds)],
        }

    shown = picture(reading(1.0, durations(14, 9.0)), reading(0.0, durations(10, 1.0)))
    assert [route.latency for route in shown.routes] == [pytest.approx(2.0)]


def test_holders_are_those_of_all_workers() -> None:
    """What has held the event loop is added up over the workers, the worst first."""
    line = {"where": "own.py:11 render_pdf", "route": "/results"}
    samples: Samples = {
        "event_loop_blocked_seconds_total": [
            ({"where": "own.py:5 f", "route": "/f", "worker": "1"}, 0.5),
            ({**line, "worker": "1"}, 1.0),
            ({**line, "worker": "2"}, 2.0),
        ],
        "event_loop_blocked_requests_total": [({**line, "worker": "1"}, 3.0), ({**line, "worker": "2"}, 4.0)],
    }
    worst, other = picture(reading(0.0, samples), None).holders
    assert (worst.where, worst.seconds, worst.waited) == ("own.py:11 render_pdf", 3.0, 7)
    assert other.waited == 0


def test_the_latency_of_a_service_that_began_anew_is_not_known() -> None:
    """It may have had more requests by now than its predecessor, in fewer seconds."""

    def took(count: float, seconds: float) -> Samples:
        labels = {"method": "GET", "route": "/a"}
        name = "http_request_duration_seconds"
        samples = {f"{name}_count": count, f"{name}_sum": seconds, "http_requests_in_flight": 0.0}
        return {key: [(labels, value)] for key, value in samples.items()}

    (route,) = picture(reading(11.0, took(5, 0.1)), reading(10.0, took(1, 2.0))).routes
    assert route.latency is None
