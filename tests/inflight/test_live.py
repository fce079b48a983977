"""The gauges."""

import os
import socket
import sys
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from inflight.ledger import Ledger
from inflight.live import MOST_UPSTREAMS, OTHER_UPSTREAM, Live
from inflight.stamp import Connection, Stamp
from inflight.telemetry import Telemetry

GET = {"method": "GET", "route": "unmatched"}


def live_on_registry() -> tuple[Live, CollectorRegistry]:
    """Return gauges, and the registry to ask."""
    live, registry = Live(lambda ledger: (ledger.scope["method"], "unmatched"), set()), CollectorRegistry()
    registry.register(live)
    return live, registry


def a_ledger() -> Ledger:
    """Return the ledger of a GET."""
    return Ledger(Telemetry(), {"method": "GET"}, 0)


def a_read() -> tuple[Connection, Stamp]:
    """Return a connection that has just been read."""
    connection = Connection(None, None)
    return connection, Stamp(connection)


def test_in_flight_counts_by_method_and_route_and_comes_back_to_zero() -> None:
    """A series that was once seen does not vanish: it reads 0."""
    live, registry = live_on_registry()
    live.in_flight.update(a_ledger() for _ in range(3))
    assert registry.get_sample_value("http_requests_in_flight", GET) == 3
    live.in_flight.clear()
    assert registry.get_sample_value("http_requests_in_flight", GET) == 0


def test_a_request_that_ends_during_the_scrape_makes_no_series() -> None:
    """It is not counted under labels that were read too late."""
    live, registry = live_on_registry()
    ledger = a_ledger()
    live.in_flight.add(ledger)
    ledger.finished = True
    assert registry.get_sample_value("http_requests_in_flight", GET) is None


def test_a_queue_that_nobody_watches_is_absent() -> None:
    """Not 0: nothing is claimed of what is not known."""
    live, registry = live_on_registry()
    assert live.waiting() == {}
    for queue in ("kernel", "loop", "thread", "pool"):
        assert registry.get_sample_value("http_requests_waiting", {"queue": queue}) is None
    assert registry.get_sample_value("event_loop_stalled_seconds") is None


def test_every_watched_queue_is_counted_when_the_scrape_comes() -> None:
    """The counts are those of the moment, and 0 is one of them."""
    live, _ = live_on_registry()
    live.waits("thread")
    live.waits("pool").update({object(), object()})
    connection, stamp = a_read()
    live.connect(connection, None)
    live.read[connection] = stamp
    assert live.waiting() == {"loop": 1, "thread": 0, "pool": 2}


def test_a_read_that_began_no_request_is_forgotten_after_a_turn() -> None:
    """A piece of a body is no request that waits; one that was read since the last look may be."""
    live, _ = live_on_registry()
    (first, stamp), (second, other) = a_read(), a_read()
    live.read[first] = stamp
    live.sweep()
    assert first in live.read
    live.read[second] = other
    live.sweep()
    assert list(live.read) == [second]
    live.read[second] = Stamp(second)  # read once more
    live.sweep()
    assert list(live.read) == [second]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's queue is counted on Linux only")
def test_a_connection_that_the_server_has_not_been_told_of_waits() -> None:
    """Asyncio accepts it some turns of the loop before it calls the protocol; what is a WebSocket by now does not."""
    live, _ = live_on_registry()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        live.ports.add(port)
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET / HTTP/1.1")
            assert live.unread() == 1
            accepted, _ = listener.accept()
            with accepted:
                assert live.unread() == 1
                live.upgraded.add(os.fstat(accepted.fileno()).st_ino)
                assert live.unread() == 0


def test_upstream_calls_and_the_stall_are_read_too() -> None:
    """Each upstream is a series from its first call; the stall is what the heartbeat says."""
    live, registry = live_on_registry()
    live.begin_call("backend", object())
    live.stalled = lambda: 2.5
    assert registry.get_sample_value("http_client_requests_in_flight", {"upstream": "backend"}) == 1
    assert registry.get_sample_value("event_loop_stalled_seconds") == 2.5


def test_names_of_upstreams_are_bounded() -> None:
    """A program that makes up names cannot make a label grow."""
    live, registry = live_on_registry()
    calls: list[Any] = [object() for _ in range(MOST_UPSTREAMS + 10)]
    names = [live.begin_call(f"u{number}", call) for number, call in enumerate(calls)]
    assert set(names[MOST_UPSTREAMS:]) == {OTHER_UPSTREAM}
    assert registry.get_sample_value("http_client_requests_in_flight", {"upstream": OTHER_UPSTREAM}) == 10
    for name, call in zip(names, calls, strict=True):
        live.end_call(name, call)
    assert registry.get_sample_value("http_client_requests_in_flight", {"upstream": OTHER_UPSTREAM}) == 0
