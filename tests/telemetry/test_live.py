"""The gauges."""

from prometheus_client import CollectorRegistry

from services.telemetry.ledger import Ledger
from services.telemetry.live import Live


def live_on_registry() -> tuple[Live, CollectorRegistry]:
    """Return gauges, and the registry to ask."""
    live, registry = Live(), CollectorRegistry()
    registry.register(live)
    return live, registry


def test_in_flight_counts_by_method_and_route_and_comes_back_to_zero() -> None:
    """A series that was once seen does not vanish: it reads 0."""
    live, registry = live_on_registry()
    labels = {"method": "GET", "route": "unmatched"}
    ledgers = [Ledger(0, scope={"method": "GET"}) for _ in range(3)]
    live.in_flight.update(ledgers)
    assert registry.get_sample_value("http_requests_in_flight", labels) == 3
    live.in_flight.clear()
    assert registry.get_sample_value("http_requests_in_flight", labels) == 0


def test_a_request_that_ends_during_the_scrape_makes_no_series() -> None:
    """Its scope is forgotten by then: read from it, its method would be none that ever came."""
    live, registry = live_on_registry()
    ledger = Ledger(0, scope={"method": "GET"})
    live.in_flight.add(ledger)
    ledger.finished = True
    ledger.forget()
    assert [sample for family in registry.collect() for sample in family.samples if "route" in sample.labels] == []


def test_a_queue_that_cannot_be_counted_is_absent() -> None:
    """Not 0: nothing is claimed of what is not known."""
    live, registry = live_on_registry()
    assert live.waiting() == {"loop": 0, "pool": 0}
    assert registry.get_sample_value("http_requests_waiting", {"queue": "kernel"}) is None


def test_every_queue_is_asked_when_the_scrape_comes() -> None:
    """The counts are those of the moment."""
    live, registry = live_on_registry()
    live.waiting_in_kernel = lambda: 4
    live.waiting_for_thread = lambda: 3
    live.in_loop.add(Ledger(0))
    live.in_pool.update({object(), object()})
    values = {
        queue: registry.get_sample_value("http_requests_waiting", {"queue": queue})
        for queue in ("kernel", "loop", "thread", "pool")
    }
    assert values == {"kernel": 4, "loop": 1, "thread": 3, "pool": 2}


def test_upstream_calls_and_the_stall_are_read_too() -> None:
    """Each upstream is a series from the start; the stall is what the heartbeat says."""
    live, registry = live_on_registry()
    live.upstream["backend"] = {object()}
    live.stalled = lambda: 2.5
    assert registry.get_sample_value("http_client_requests_in_flight", {"upstream": "backend"}) == 1
    assert registry.get_sample_value("event_loop_stalled_seconds") == 2.5


def test_an_upstream_that_appears_during_a_scrape_does_not_break_it() -> None:
    """A request may name a new one while the scrape's thread reads."""
    live, registry = live_on_registry()

    class Names(set[object]):
        def __len__(self) -> int:
            live.upstream["another"] = set()
            return 1

    live.upstream["backend"] = Names()
    assert registry.get_sample_value("http_client_requests_in_flight", {"upstream": "backend"}) == 1
