"""Every way in which a backend can fail a gateway, over real sockets, in all three modes."""

from __future__ import annotations

import asyncio
import inspect
import json
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib import import_module
from time import monotonic

import pytest

from services.gateway.app import MODULES
from services.gateway.backend import Backend
from services.gateway.errors import UpstreamUnreachable
from services.lab.process import Service
from inflight.telemetry import Telemetry
from tests.client import get
from tests.eventually import eventually
from tests.gateway.faulty import FaultyBackend
from tests.problems import problem_of
from tests.stage import Stage, scrape, settled

pytestmark = pytest.mark.long

CONNECT_TIMEOUT = 5.0
UPSTREAM_TIMEOUT = 0.5
"""Seconds, of the gateways in front of what hangs; elsewhere nothing takes so long that it would be a timeout."""
TIMEOUT_OF_DNS = 30.0
SLOW_MACHINE = 10.0
"""Seconds that a busy machine may add to a timeout."""
CALLS = 30

BROKEN = (502, "broken")
RUBBISH = (502, "rubbish")
TIMEOUT = (504, "timeout")
PROBLEMS = {
    "closes": BROKEN,
    "resets": BROKEN,
    "hangs": TIMEOUT,
    "half-a-body": BROKEN,
    "half-a-body-hangs": TIMEOUT,
    "half-a-body-resets": BROKEN,
    "half-a-chunk": BROKEN,
    "no-last-chunk": BROKEN,
    "dribbles": TIMEOUT,
    "dribbles-the-head": TIMEOUT,
    "not-http": RUBBISH,
    "not-json": RUBBISH,
    "no-body": RUBBISH,
    "nan": RUBBISH,
    "utf-16": RUBBISH,
    "nested": RUBBISH,
    "huge": RUBBISH,
    "zipped-huge": RUBBISH,
    "endless": RUBBISH,
    "endless-chunks": RUBBISH,
    "endless-head": RUBBISH,
    "moved-endless": RUBBISH,
    "many-headers": RUBBISH,
    "status-999": RUBBISH,
    "status-101": RUBBISH,
    "status-404": (404, "ok"),
    "status-500": (500, "ok"),
    "status-503": (503, "ok"),
}
"""What the backend does, the status that the client gets for it, and the outcome that the metric counts."""
EITHER = {
    "half-a-head": {"broken", "rubbish"},
    "badly-zipped": {"broken", "rubbish"},
    "bad-chunk": {"broken", "rubbish"},
}
"""Where the two HTTP clients differ in what they call it; both are a 502."""
PASSED_ON = {
    "moved": 302,
    "moved-elsewhere": 307,
    "zipped": 200,
    "long-header": 200,
    "hints": 200,
    "one-too-many": 200,
}
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
    """The same, but they do not wait long for an answer."""
    with ExitStack() as stack:
        yield Stage(stack).gateways(faulty.url, upstream_timeout=UPSTREAM_TIMEOUT)


def on_each(gateways: dict[str, Service], check: Callable[[Service], None]) -> None:
    """Hold every gateway to the check, all three at the same time: what hangs, hangs once."""
    with ThreadPoolExecutor() as pool:
        for future in [pool.submit(check, gateway) for gateway in gateways.values()]:
            future.result()


def calls(gateway: Service, outcome: str) -> float:
    """Return how many calls to the backend ended so."""
    return scrape(gateway).value("http_client_request_duration_seconds_count", upstream="backend", outcome=outcome)


def is_well(gateway: Service) -> None:
    """Fail unless the next good answer passes through, and nothing is left in flight."""
    answer = get(f"{gateway.url}/good")
    assert (answer.status, json.loads(answer.body)) == (200, {"res": {"message": "success"}})
    is_quiet(gateway)


def is_quiet(gateway: Service) -> None:
    """Fail unless nothing comes to be in flight."""
    metrics = settled(gateway, "http_requests_in_flight")
    assert metrics.value("http_client_requests_in_flight") == metrics.value("http_requests_waiting") == 0


@pytest.mark.parametrize("fault", PROBLEMS)
def test_a_fault_becomes_a_problem(gateways: dict[str, Service], hasty: dict[str, Service], fault: str) -> None:
    """Whatever the backend does wrong, the client gets the documented problem and the metric names the outcome."""
    status, outcome = PROBLEMS[fault]
    too_slow = PROBLEMS[fault] == TIMEOUT

    def check(gateway: Service) -> None:
        before = calls(gateway, outcome)
        started = monotonic()
        answer = get(f"{gateway.url}/{fault}")
        assert monotonic() - started < UPSTREAM_TIMEOUT + SLOW_MACHINE
        problem_of(answer, status)
        assert calls(gateway, outcome) == before + 1, f"{gateway.name}: not counted as {outcome}"
        if too_slow:  # a slow moment of the machine is too slow for these gateways, too
            eventually(lambda: get(f"{gateway.url}/good").status, 200)
            is_quiet(gateway)
        else:
            is_well(gateway)

    on_each(hasty if too_slow else gateways, check)


@pytest.mark.parametrize("fault", EITHER)
def test_an_answer_that_breaks_http_is_a_502(gateways: dict[str, Service], fault: str) -> None:
    """An answer that stops being HTTP in the middle is a 502, whether the client library calls it broken or rubbish."""

    def check(gateway: Service) -> None:
        before = sum(calls(gateway, outcome) for outcome in EITHER[fault])
        problem_of(get(f"{gateway.url}/{fault}"), 502)
        assert sum(calls(gateway, outcome) for outcome in EITHER[fault]) == before + 1
        is_well(gateway)

    on_each(gateways, check)


@pytest.mark.parametrize("fault", PASSED_ON)
def test_a_good_answer_is_passed_on(gateways: dict[str, Service], faulty: FaultyBackend, fault: str) -> None:
    """What has a good status is passed on with it; a redirect is not followed, and is sent on without its target."""
    for gateway in gateways.values():
        before, served = len(faulty.asked), faulty.served[fault]
        answer = get(f"{gateway.url}/{fault}")
        assert (answer.status, json.loads(answer.body)) == (PASSED_ON[fault], {"res": {"message": "success"}})
        assert faulty.asked[before:] == [fault]
        assert answer.header("location") is None
        # What comes only when the next request has been sent cannot be told from its answer.
        eventually(lambda: faulty.served[fault], served + 1)
        is_well(gateway)


@pytest.mark.parametrize("fault", BODYLESS)
def test_an_answer_without_content_stays_without(gateways: dict[str, Service], fault: str) -> None:
    """A status that allows no content is passed on without any."""

    def check(gateway: Service) -> None:
        answer = get(f"{gateway.url}/{fault}")
        assert (answer.status, answer.body) == (BODYLESS[fault], b"")
        is_well(gateway)

    on_each(gateways, check)


def test_a_backend_that_is_not_there_is_a_502(gateways: dict[str, Service], faulty: FaultyBackend) -> None:
    """Nobody listens: 502 at once, long before the connect timeout, and all is well when the backend is back."""

    def check(gateway: Service) -> None:
        before = calls(gateway, "unreachable")
        started = monotonic()
        problem_of(get(f"{gateway.url}/good"), 502)
        assert monotonic() - started < CONNECT_TIMEOUT
        assert calls(gateway, "unreachable") == before + 1

    with faulty.gone():
        on_each(gateways, check)
    on_each(gateways, is_well)


@pytest.mark.parametrize("host", ["nobody.invalid", ".leading", "two..dots", "x" * 64])
@pytest.mark.parametrize("mode", MODULES)
def test_an_unknown_host_is_unreachable(mode: str, host: str) -> None:
    """A backend whose name nobody knows, or that is no name, cannot be reached, whatever the client library says."""
    telemetry = Telemetry()
    backend = Backend(f"http://{host}", connect_timeout=TIMEOUT_OF_DNS, timeout=TIMEOUT_OF_DNS)
    gateway = import_module(f"services.gateway.{MODULES[mode]}").Gateway(backend, telemetry.upstream("backend"))

    async def relay() -> None:
        await gateway.open()
        try:
            relayed = gateway.relay("task1")
            await relayed if inspect.isawaitable(relayed) else None
        finally:
            await gateway.close()

    with pytest.raises(UpstreamUnreachable):
        asyncio.run(relay())
    count = "http_client_request_duration_seconds_count"
    assert telemetry.registry.get_sample_value(count, {"upstream": "backend", "outcome": "unreachable"}) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux drops what a full accept queue cannot take")
def test_a_backend_that_takes_no_connection_is_unreachable_in_time(stage: Stage) -> None:
    """Its kernel answers no SYN: after CONNECT_TIMEOUT it is a 502."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        stack.enter_context(socket.create_connection(listener.getsockname()))  # the one that the queue can hold
        with pytest.raises(TimeoutError):
            socket.create_connection(listener.getsockname(), timeout=0.2)
        gateways = stage.gateways(f"http://127.0.0.1:{listener.getsockname()[1]}", connect_timeout=1)

        def check(gateway: Service) -> None:
            started = monotonic()
            problem_of(get(f"{gateway.url}/task1"), 502)
            assert 0.997 <= monotonic() - started < 1 + SLOW_MACHINE
            assert calls(gateway, "unreachable") == 1

        on_each(gateways, check)


def test_a_wait_for_a_connection_is_the_backends_slowness(faulty: FaultyBackend, stage: Stage) -> None:
    """Many calls, one connection, a backend that hangs: all are too slow, at the same time; none failed to connect."""
    limited = stage.gateways(faulty.url, upstream_timeout=UPSTREAM_TIMEOUT, upstream_limit=1)
    for gateway in (limited["threadpool"], limited["async"]):
        started = monotonic()
        with ThreadPoolExecutor(CALLS) as pool:
            answers = list(pool.map(get, [f"{gateway.url}/hangs"] * CALLS))
        assert [answer.status for answer in answers] == [504] * CALLS
        assert monotonic() - started < CALLS * UPSTREAM_TIMEOUT
        assert settled(gateway, "http_requests_waiting").value("http_client_requests_in_flight") == 0
        assert calls(gateway, "timeout") == CALLS
