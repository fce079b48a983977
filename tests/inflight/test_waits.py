"""Waits and calls that a program names itself."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

from inflight import upstream, waiting
from inflight.ledger import Ledger, current_ledger
from inflight.telemetry import Telemetry
from tests.eventually import eventually


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """The ledger of the request that is being served."""
    ledger = Ledger(Telemetry(), {}, 0)
    token = current_ledger.set(ledger)
    yield ledger
    current_ledger.reset(token)


def count(ledger: Ledger, metric: str, **labels: str) -> float | None:
    """Return a sample's value."""
    return ledger.telemetry.registry.get_sample_value(metric, labels)


def calls(ledger: Ledger, outcome: str) -> float | None:
    """Return how many calls ended so."""
    return count(ledger, "http_client_request_duration_seconds_count", upstream="db", outcome=outcome)


def test_a_wait_is_counted_while_it_lasts_and_booked_when_it_ends(ledger: Ledger) -> None:
    """In the gauge, the histogram, and the request's ledger."""
    with waiting("pool"):
        assert ledger.telemetry.live.waiting() == {"pool": 1}
    assert ledger.telemetry.live.waiting() == {"pool": 0}
    assert count(ledger, "http_request_wait_seconds_count", queue="pool") == 1
    assert ledger.spent["pool"] == count(ledger, "http_request_wait_seconds_sum", queue="pool")


def test_only_queues_that_exist_can_be_named() -> None:
    """A label cannot be made to grow, and a misspelt name is found at once."""
    with pytest.raises(ValueError, match="'pol' is no queue that a program can name: thread or pool"):
        waiting("pol")


def test_both_work_where_there_is_no_telemetry() -> None:
    """A library may use them, whoever runs it."""

    def use() -> None:
        with upstream("db") as call, waiting("pool"):
            call.queue()

    copy_context().run(use)


def test_a_call_is_in_flight_until_it_ends(ledger: Ledger) -> None:
    """The request's ledger learns how long it took; no pool is claimed."""
    with upstream("db"):
        assert count(ledger, "http_client_requests_in_flight", upstream="db") == 1
    assert count(ledger, "http_client_requests_in_flight", upstream="db") == 0
    assert calls(ledger, "ok") == 1
    assert list(ledger.spent) == ["upstream"]


class Busy(Exception):
    """An error that names its outcome."""

    outcome = "busy"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Busy(), "busy"),
        (TimeoutError(), "timeout"),
        (ValueError(), "error"),
        (asyncio.CancelledError(), "cancelled"),
    ],
)
def test_an_error_names_the_outcome(ledger: Ledger, error: BaseException, outcome: str) -> None:
    """And goes on."""
    with pytest.raises(type(error)), upstream("db"):
        raise error
    assert calls(ledger, outcome) == 1
    assert count(ledger, "http_client_requests_in_flight", upstream="db") == 0


def test_a_wait_inside_a_call_is_no_time_of_the_upstreams(ledger: Ledger) -> None:
    """Who says "the database takes 1.1 s" when it is the pool blames the innocent."""
    gate = threading.Event()

    def call() -> None:
        with upstream("db"), waiting("pool"):
            assert gate.wait(10)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(copy_context().run, call)
        eventually(lambda: [doing.entry for doing in ledger.active], ["pool"])
        gate.set()
        done.result(10)
    assert ledger.active == []
    waited = count(ledger, "http_request_wait_seconds_sum", queue="pool")
    took = count(ledger, "http_client_request_duration_seconds_sum", upstream="db", outcome="ok")
    assert waited is not None
    assert took is not None
    assert ledger.spent["pool"] == pytest.approx(waited)
    assert ledger.spent["upstream"] == pytest.approx(took, abs=0.001)


def test_calls_that_are_late_together_are_late_once(ledger: Ledger) -> None:
    """Time of a request in which several calls overlap counts once, and so does what our own loop held up of it."""
    together = [upstream("db") for _ in range(3)]
    for call in together:
        call.begin()
    time.sleep(0.02)
    for call in together:
        call.late = 0.015
        call.end()
    assert ledger.loop == 0.015
    assert ledger.spent["upstream"] >= 0.005


def test_a_call_that_fails_while_it_waits_for_a_connection_leaves_nothing_behind(ledger: Ledger) -> None:
    """Its wait ends with it, all of it the pool's."""
    call = upstream("db")
    call.begin()
    call.queue()
    assert ledger.telemetry.live.waiting() == {"pool": 1}
    call.end("timeout")
    call.end("ok")
    call.dequeue()
    assert ledger.telemetry.live.waiting() == {"pool": 0}
    assert (calls(ledger, "timeout"), calls(ledger, "ok")) == (1, None)
    assert ledger.active == []


def test_calls_of_tasks_side_by_side_are_each_their_own(ledger: Ledger) -> None:
    """A wait in one of them does not interrupt the other."""

    async def main() -> None:
        inside, gate = asyncio.Event(), asyncio.Event()

        async def waits() -> None:
            async with upstream("db"), waiting("pool"):
                inside.set()
                await gate.wait()

        async def works() -> None:
            async with upstream("db"):
                await inside.wait()
                assert ledger.doing is not None
                assert ledger.doing.entry == "upstream"
                gate.set()

        await asyncio.gather(waits(), works())

    asyncio.run(main())
    assert calls(ledger, "ok") == 2
    assert ledger.active == []
