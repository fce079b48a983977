"""Every way in which a backend can fail a gateway, over real sockets, in all three modes."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from time import monotonic

import pytest

from services.lab.process import Service
from tests.client import get
from tests.eventually import eventually
from tests.problems import problem_of
from tests.services.gateway.faulty import FaultyBackend
from tests.stage import Stage, settled

pytestmark = pytest.mark.long

CONNECT_TIMEOUT = 5.0
UPSTREAM_TIMEOUT = 0.5
"""Seconds, of the gateways in front of what hangs; elsewhere nothing takes so long that it would be a timeout."""
SLOW_MACHINE = 10.0
"""Seconds that a busy machine may add to a timeout."""

PROBLEMS = {
    "closes": 502,
    "resets": 502,
    "half-the-headers": 502,
    "half-a-body": 502,
    "half-a-body-resets": 502,
    "half-a-chunk": 502,
    "not-http": 502,
    "not-json": 502,
    "no-body": 502,
    "redirects": 502,
    "nan": 502,
    "nested": 502,
    "badly-zipped": 502,
    "hangs": 504,
    "status-404": 404,
    "status-500": 500,
}
"""What the backend does, and the status that the client gets for it."""
BODYLESS = {"status-204": 204, "status-304": 304}


@pytest.fixture(scope="module")
def faulty() -> Iterator[FaultyBackend]:
    """The backend that does what the task's name says."""
    backend = FaultyBackend()
    yield backend
    backend.close()


@pytest.fixture(scope="module")
def gateways(faulty: FaultyBackend) -> Iterator[dict[str, Service]]:
    """A gateway of each mode in front of it."""
    with ExitStack() as stack:
        yield Stage(stack).gateways(faulty.url, connect_timeout=CONNECT_TIMEOUT)


@pytest.fixture(scope="module")
def hasty(faulty: FaultyBackend) -> Iterator[dict[str, Service]]:
    """The same, but they do not wait long for a response."""
    with ExitStack() as stack:
        yield Stage(stack).gateways(faulty.url, upstream_timeout=UPSTREAM_TIMEOUT)


def on_each(gateways: dict[str, Service], check: Callable[[Service], None]) -> None:
    """Hold every gateway to the check, all three at the same time: what hangs, hangs once."""
    with ThreadPoolExecutor() as pool:
        for future in [pool.submit(check, gateway) for gateway in gateways.values()]:
            future.result()


def is_well(gateway: Service) -> None:
    """Fail unless good responses pass through again, and nothing is left in flight.

    A backend that closes a connection unannounced may have the next request cross the close, which is a 502, too; and a
    slow moment of the machine is too slow for a gateway that does not wait long.
    """
    eventually(lambda: get(f"{gateway.url}/good").status, 200)
    response = get(f"{gateway.url}/good")
    assert (response.status, json.loads(response.body)) == (200, {"res": {"message": "success"}})
    metrics = settled(gateway, "http_requests_in_flight")
    assert metrics.value("http_client_requests_in_flight") == metrics.value("http_requests_waiting") == 0


@pytest.mark.parametrize("fault", PROBLEMS)
def test_a_fault_becomes_a_problem(gateways: dict[str, Service], hasty: dict[str, Service], fault: str) -> None:
    """Whatever the backend does wrong, the client gets the documented problem, and the gateway is well again."""

    def check(gateway: Service) -> None:
        started = monotonic()
        problem_of(get(f"{gateway.url}/{fault}"), PROBLEMS[fault])
        assert monotonic() - started < UPSTREAM_TIMEOUT + SLOW_MACHINE
        is_well(gateway)

    on_each(hasty if PROBLEMS[fault] == 504 else gateways, check)


def test_a_body_that_stops_is_an_error_of_a_gateway(hasty: dict[str, Service]) -> None:
    """Aiohttp calls it a timeout; `requests` a broken connection, whatever its cause."""

    def check(gateway: Service) -> None:
        response = get(f"{gateway.url}/half-a-body-hangs")
        problem_of(response, 504 if gateway.name == "async-gateway" else 502)
        eventually(lambda: get(f"{gateway.url}/good").status, 200)
        is_well(gateway)

    on_each(hasty, check)


def test_a_zipped_response_is_passed_on(gateways: dict[str, Service]) -> None:
    """Unpacked, as the client asked for nothing else."""
    for gateway in gateways.values():
        response = get(f"{gateway.url}/zipped")
        assert (response.status, json.loads(response.body)) == (200, {"res": {"message": "success"}})


@pytest.mark.parametrize("fault", BODYLESS)
def test_a_response_without_content_stays_without(gateways: dict[str, Service], fault: str) -> None:
    """A status that allows no content is passed on without any."""

    def check(gateway: Service) -> None:
        response = get(f"{gateway.url}/{fault}")
        assert (response.status, response.body) == (BODYLESS[fault], b"")
        is_well(gateway)

    on_each(gateways, check)


def test_a_backend_that_is_not_there_is_a_502(gateways: dict[str, Service], faulty: FaultyBackend) -> None:
    """Nobody listens: 502 at once, long before the connect timeout, and all is well when the backend is back."""

    def check(gateway: Service) -> None:
        started = monotonic()
        problem_of(get(f"{gateway.url}/good"), 502)
        assert monotonic() - started < CONNECT_TIMEOUT

    with faulty.gone():
        on_each(gateways, check)
    on_each(gateways, is_well)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux drops what a full accept queue cannot take")
def test_a_backend_that_takes_no_connection_is_unreachable_in_time(stage: Stage) -> None:
    """Its kernel answers no SYN: after CONNECT_TIMEOUT it is a 502."""
    with ExitStack() as held:
        listener = held.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        held.enter_context(socket.create_connection(listener.getsockname()))  # the one that the queue can hold
        with pytest.raises(TimeoutError):
            socket.create_connection(listener.getsockname(), timeout=0.2)
        gateways = stage.gateways(f"http://127.0.0.1:{listener.getsockname()[1]}", connect_timeout=1)

        def check(gateway: Service) -> None:
            started = monotonic()
            problem_of(get(f"{gateway.url}/task1"), 502)
            assert 0.997 <= monotonic() - started < 1 + SLOW_MACHINE

        on_each(gateways, check)


def test_calls_behind_a_backend_that_hangs_end_as_timeouts(faulty: FaultyBackend, stage: Stage) -> None:
    """Many calls, one connection: none of them failed to connect, and nothing of them stays in a gauge."""
    limited = stage.gateways(faulty.url, upstream_timeout=UPSTREAM_TIMEOUT, upstream_limit=1)
    calls = 5
    for gateway in (limited["threadpool"], limited["async"]):
        with ThreadPoolExecutor(calls) as pool:
            responses = list(pool.map(get, [f"{gateway.url}/hangs"] * calls))
        assert [response.status for response in responses] == [504] * calls
        assert settled(gateway, "http_requests_waiting").value("http_client_requests_in_flight") == 0
