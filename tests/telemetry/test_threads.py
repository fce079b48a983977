"""The thread pool's queue."""

import asyncio
import inspect
from time import perf_counter

import anyio.to_thread
import pytest

from services.telemetry import Ledger, Telemetry, current_ledger
from services.telemetry.threads import timed_in_thread
from tests.eventually import eventually


def test_a_plain_handler_learns_how_long_it_waited_for_its_thread() -> None:
    """From entering the application until the function runs."""
    telemetry = Telemetry()
    ledger = Ledger(read_at=0)
    ledger.enter(perf_counter() - 2)
    token = current_ledger.set(ledger)
    try:
        assert timed_in_thread(lambda name: f"hello {name}", telemetry.metrics)("you") == "hello you"
    finally:
        current_ledger.reset(token)
    assert ledger.thread == pytest.approx(2, abs=0.5)
    assert telemetry.registry.get_sample_value("http_request_wait_seconds_count", {"queue": "thread"}) == 1


def test_a_coroutine_is_left_alone() -> None:
    """It runs on the loop, and has no such queue."""

    async def handler() -> None: ...

    assert timed_in_thread(handler, Telemetry().metrics) is handler


def test_the_signature_stays() -> None:
    """FastAPI reads it to validate and to document."""

    def handler(task: str, delay: float = 1) -> None: ...

    timed = timed_in_thread(handler, Telemetry().metrics)
    assert inspect.signature(timed) == inspect.signature(handler)


def test_requests_that_wait_for_a_thread_are_counted() -> None:
    """Anyio's limiter is the queue that FastAPI's plain handlers stand in."""
    telemetry = Telemetry()

    async def main() -> None:
        async with telemetry.running():
            limiter = anyio.to_thread.current_default_thread_limiter()
            assert telemetry.live.waiting()["thread"] == 0
            for number in range(int(limiter.total_tokens)):
                limiter.acquire_on_behalf_of_nowait(number)
            waiting = asyncio.create_task(anyio.to_thread.run_sync(int))
            await asyncio.sleep(0)
            await asyncio.to_thread(eventually, lambda: telemetry.live.waiting()["thread"], 1)
            limiter.release_on_behalf_of(0)
            await waiting
            assert telemetry.live.waiting()["thread"] == 0

    asyncio.run(main())
