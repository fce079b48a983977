"""Calls to an upstream."""

import asyncio
import threading
from collections.abc import Iterator

import aiohttp
import pytest
from aiohttp import web

from services.telemetry import Ledger, Telemetry, Upstream, current_ledger
from tests.eventually import eventually


@pytest.fixture
def telemetry() -> Telemetry:
    """Telemetry of its own registry."""
    return Telemetry()


@pytest.fixture
def upstream(telemetry: Telemetry) -> Upstream:
    """The telemetry of one upstream."""
    return telemetry.upstream("backend")


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """The ledger of the request that is being served."""
    ledger = Ledger(read_at=0)
    token = current_ledger.set(ledger)
    yield ledger
    current_ledger.reset(token)


def calls(telemetry: Telemetry, outcome: str) -> float | None:
    """Return how many calls ended so."""
    labels = {"upstream": "backend", "outcome": outcome}
    return telemetry.registry.get_sample_value("http_client_request_duration_seconds_count", labels)


def in_flight(telemetry: Telemetry) -> float | None:
    """Return how many calls are under way."""
    return telemetry.registry.get_sample_value("http_client_requests_in_flight", {"upstream": "backend"})


def test_a_call_is_in_flight_until_it_ends(telemetry: Telemetry, upstream: Upstream, ledger: Ledger) -> None:
    """The request's ledger learns how long it took."""
    assert in_flight(telemetry) == 0
    with upstream.call():
        assert in_flight(telemetry) == 1
    assert in_flight(telemetry) == 0
    assert calls(telemetry, "ok") == 1
    assert ledger.upstream is not None
    assert ledger.pool is None


class TimedOut(Exception):
    """An error that names its outcome."""

    outcome = "timeout"


@pytest.mark.parametrize(
    ("error", "outcome"), [(TimedOut(), "timeout"), (ValueError(), "error"), (asyncio.CancelledError(), "cancelled")]
)
def test_an_error_names_the_outcome(
    telemetry: Telemetry, upstream: Upstream, error: BaseException, outcome: str
) -> None:
    """And goes on."""
    with pytest.raises(type(error)), upstream.call():
        raise error
    assert calls(telemetry, outcome) == 1
    assert in_flight(telemetry) == 0


def test_a_thread_waits_in_the_pool_for_a_connection(telemetry: Telemetry, upstream: Upstream, ledger: Ledger) -> None:
    """The wait is counted while it lasts, and is no part of the upstream's time."""
    limit = threading.BoundedSemaphore(1)
    limit.acquire()
    done = threading.Event()

    def call() -> None:
        current_ledger.set(ledger)
        with upstream.call() as one, upstream.connection(one, limit, 60):
            done.set()

    thread = threading.Thread(target=call)
    thread.start()
    eventually(lambda: telemetry.live.waiting()["pool"], 1)
    limit.release()
    thread.join(10)
    assert done.is_set()
    assert telemetry.live.waiting()["pool"] == 0
    assert ledger.pool is not None
    assert telemetry.registry.get_sample_value("http_request_wait_seconds_count", {"queue": "pool"}) == 1


def test_a_wait_for_a_connection_ends_with_the_calls_time(telemetry: Telemetry, upstream: Upstream) -> None:
    """Nothing is left of the timeout then, and nobody waits any more; a shorter wait leaves the rest."""
    limit = threading.BoundedSemaphore(1)
    with upstream.call() as first, upstream.connection(first, limit, 60) as left:
        assert 0 < left <= 60
        with pytest.raises(TimeoutError), upstream.call() as call, upstream.connection(call, limit, 0.01):
            pass
    assert call.pool is not None
    assert telemetry.live.waiting()["pool"] == 0
    assert limit.acquire(blocking=False)


def test_without_a_limit_there_is_no_pool_queue(telemetry: Telemetry, upstream: Upstream, ledger: Ledger) -> None:
    """Absent, never 0."""
    with upstream.call() as call, upstream.connection(call, None, 60) as left:
        assert left == 60
    assert ledger.pool is None
    assert telemetry.registry.get_sample_value("http_request_wait_seconds_count", {"queue": "pool"}) is None


def test_aiohttp_calls_wait_in_the_pool_for_a_connection(telemetry: Telemetry, upstream: Upstream) -> None:
    """Two calls, one connection: the second waits for the first, and a third that is cancelled leaves no trace."""

    async def main() -> None:
        gate, asked = asyncio.Event(), asyncio.Event()

        async def handler(_request: web.Request) -> web.Response:
            asked.set()
            await gate.wait()
            return web.Response()

        app = web.Application()
        app.router.add_get("/", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"

        async def get(session: aiohttp.ClientSession) -> float | None:
            with upstream.call() as call:
                async with session.get(url, trace_request_ctx=call) as answer:
                    await answer.read()
            return call.pool

        connector = aiohttp.TCPConnector(limit=1)
        async with aiohttp.ClientSession(connector=connector, trace_configs=[upstream.aiohttp_trace()]) as session:
            first = asyncio.create_task(get(session))
            await asked.wait()
            second, third = asyncio.create_task(get(session)), asyncio.create_task(get(session))
            await asyncio.sleep(0.05)
            assert telemetry.live.waiting()["pool"] == 2
            third.cancel()
            await asyncio.wait([third])
            assert telemetry.live.waiting()["pool"] == 1
            gate.set()
            assert await first == 0  # it had one at once
            waited = await second
            assert waited is not None
            assert waited >= 0.04
        await runner.cleanup()

    asyncio.run(main())
    assert calls(telemetry, "ok") == 2
    assert calls(telemetry, "cancelled") == 1
    assert telemetry.live.waiting()["pool"] == 0
