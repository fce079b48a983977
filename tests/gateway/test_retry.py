"""A request is sent to the backend again only where that cannot be wrong: see RFC 9112, section 9.3.1."""

from __future__ import annotations

import asyncio
import inspect
from importlib import import_module
from time import monotonic

import pytest

from services.gateway import asynchronous
from services.gateway.app import MODULES
from services.gateway.backend import Backend
from services.gateway.errors import UpstreamBroken, UpstreamError
from services.telemetry import Telemetry
from tests.hardness.closing import WHOLE, Plan, closing_backend

CLOSE = b""
RESET = None
UPSTREAM_TIMEOUT = 10.0
MODES = pytest.mark.parametrize("mode", MODULES)
BREAK = pytest.mark.parametrize("last", [CLOSE, RESET], ids=["closed", "reset"])


def relayed(
    mode: str, plan: Plan, requests: int, limit: int | None = None
) -> tuple[list[int | type[UpstreamError]], list[tuple[int, int]]]:
    """Return what became of each request, sent one after the other, and what the backend received."""
    with closing_backend(plan) as backend:
        outcomes: list[int | type[UpstreamError]] = []

        async def send() -> None:
            place = Backend(backend.url, connect_timeout=5, timeout=UPSTREAM_TIMEOUT, limit=limit)
            upstream = Telemetry().upstream("backend")
            gateway = import_module(f"services.gateway.{MODULES[mode]}").Gateway(place, upstream)
            await gateway.open()
            try:
                for _ in range(requests):
                    try:
                        answer = gateway.relay("task1")
                        outcomes.append((await answer if inspect.isawaitable(answer) else answer).status_code)
                    except UpstreamError as error:
                        outcomes.append(type(error))
            finally:
                await gateway.close()

        asyncio.run(send())
        return outcomes, backend.received


@MODES
@BREAK
def test_a_kept_connection_that_breaks_unheard_is_tried_once_more(mode: str, last: bytes | None) -> None:
    """The backend was just closing it: the request goes out again, once, on a connection of its own."""
    outcomes, received = relayed(mode, lambda connection, number: WHOLE if (connection, number) != (1, 2) else last, 3)
    assert outcomes == [200, 200, 200]
    assert received == [(1, 1), (1, 2), (2, 1), (2, 2)]


@MODES
def test_a_limit_on_connections_does_not_stand_in_the_way(mode: str) -> None:
    """The broken connection gives its place to the fresh one."""
    plan: Plan = lambda connection, number: WHOLE if (connection, number) != (1, 2) else CLOSE  # noqa: E731
    assert relayed(mode, plan, 3, limit=1) == ([200, 200, 200], [(1, 1), (1, 2), (2, 1), (2, 2)])


@MODES
@BREAK
def test_a_fresh_connection_that_breaks_is_not(mode: str, last: bytes | None) -> None:
    """The backend took this request and failed: asking again could make it fail again."""
    outcomes, received = relayed(mode, lambda _connection, _number: last, 1)
    assert outcomes == [UpstreamBroken]
    assert received == [(1, 1)]


@MODES
@BREAK
def test_the_second_try_is_the_last(mode: str, last: bytes | None) -> None:
    """It goes out on a fresh connection, and a fresh connection that breaks is not tried again."""
    outcomes, received = relayed(mode, lambda connection, number: WHOLE if (connection, number) == (1, 1) else last, 2)
    assert outcomes == [200, UpstreamBroken]
    assert received == [(1, 1), (1, 2), (2, 1)]


@MODES
@pytest.mark.parametrize("piece", [WHOLE[:5], WHOLE[:30], WHOLE[:-5]], ids=["a word", "half a head", "half a body"])
def test_an_answer_that_has_begun_is_not_asked_for_again(mode: str, piece: bytes) -> None:
    """One byte is enough: the backend has acted on the request."""
    outcomes, received = relayed(mode, lambda _connection, number: WHOLE if number == 1 else piece, 2)
    assert outcomes[0] == 200
    assert inspect.isclass(outcomes[1])
    assert issubclass(outcomes[1], UpstreamError)
    assert outcomes[1].status == 502
    assert received == [(1, 1), (1, 2)]


@MODES
def test_a_gateway_that_has_been_left_by_its_backend_loses_nothing(mode: str) -> None:
    """Every second request on every connection breaks: each is answered all the same, in time."""
    started = monotonic()
    outcomes, received = relayed(mode, lambda _connection, number: WHOLE if number == 1 else CLOSE, 50)
    assert outcomes == [200] * 50
    assert len(received) == 99
    assert monotonic() - started < UPSTREAM_TIMEOUT


def test_the_second_try_goes_out_on_no_other_old_connection() -> None:
    """Five connections idle in the pool when the backend goes: the first break is news of all five."""
    with closing_backend(lambda connection, number: WHOLE if number == 1 or connection > 5 else CLOSE) as backend:

        async def send() -> list[int]:
            place = Backend(backend.url, connect_timeout=5, timeout=UPSTREAM_TIMEOUT)
            gateway = asynchronous.Gateway(place, Telemetry().upstream("backend"))
            await gateway.open()
            first = await asyncio.gather(*(gateway.relay(f"task{number}") for number in range(5)))
            second = [await gateway.relay("task6") for _ in range(2)]
            await gateway.close()
            return [answer.status_code for answer in (*first, *second)]

        assert asyncio.run(send()) == [200] * 7
    assert len(backend.received) == 5 + 1 + 2
