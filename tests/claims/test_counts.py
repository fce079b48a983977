"""Counts are exact: sent, completed at the gateway, completed at the backend, with everything that can go wrong."""

import asyncio
import random
import socket
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack

import aiohttp
import pytest

from services.lab.process import Service
from tests.eventually import eventually
from tests.hardness.weather import frozen
from tests.stage import Metrics, Stage, scrape, settled

pytestmark = pytest.mark.long

REQUESTS = {"uvloop": 10_000, "asyncio": 1_000}
AT_ONCE = 30
KINDS = ("ok", "missing", "error", "invalid", "timeout", "leaves")
WEIGHTS = (82, 5, 5, 5, 1, 2)
UPSTREAM_TIMEOUT = 6.0
"""Seconds: nothing but what hangs takes so long, even where the machine stands still for a while."""
LEAVERS = 2
GAUGES = ("http_requests_in_flight", "http_requests_waiting", "http_client_requests_in_flight")


async def send_one(session: aiohttp.ClientSession, gateway: Service, kind: str) -> int:
    """Send one request of a kind and return the status that came."""
    query = {"missing": "?status=404", "error": "?status=503", "invalid": "?delay=nan", "timeout": "?delay=10"}
    async with session.get(f"{gateway.url}/task{query.get(kind, '')}") as response:
        await response.read()
        return response.status


async def send_all(gateway: Service, kinds: list[str]) -> Counter[int]:
    """Send one request for each kind, AT_ONCE at a time, and the timeouts all at once; count the answers by status."""
    statuses: Counter[int] = Counter()
    quick = (kind for kind in kinds if kind != "timeout")

    async def count(session: aiohttp.ClientSession, kinds: Iterable[str]) -> None:
        for kind in kinds:
            statuses[await send_one(session, gateway, kind)] += 1

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        slow = [count(session, ["timeout"]) for _ in range(kinds.count("timeout"))]
        await asyncio.gather(*slow, *(count(session, quick) for _ in range(AT_ONCE)))
    return statuses


def leave(gateway: Service, backend: Service, number: int) -> None:
    """Send so many requests, each on a connection of its own, and close all when they have reached the backend."""
    with ExitStack() as stack:
        for _ in range(number):
            leaver = stack.enter_context(socket.create_connection(("127.0.0.1", gateway.port)))
            leaver.sendall(b"GET /task?delay=5 HTTP/1.1\r\nHost: x\r\n\r\n")
        settled(backend, "http_requests_in_flight", number)


def completed(metrics: Metrics, code: int) -> float:
    """Return how many requests were completed with this code."""
    return metrics.value("http_requests_completed_total", code=str(code))


def test_every_request_is_counted_once(stage: Stage, loop: str) -> None:
    """Disconnects, upstream errors and timeouts among thousands: sent = gateway = backend, and all gauges are at 0."""
    backend = stage.backend(delay=0, log_level="warning", loop=loop)
    gateway = stage.gateway("async", backend, upstream_timeout=UPSTREAM_TIMEOUT, log_level="warning", loop=loop)
    requests = REQUESTS[loop]
    kinds = random.Random(7).choices(KINDS, WEIGHTS, k=requests)
    planned = Counter(kinds)
    statuses = asyncio.run(send_all(gateway, [kind for kind in kinds if kind != "leaves"]))
    leave(gateway, backend, planned["leaves"])
    statuses[499] = planned["leaves"]
    assert statuses == {
        200: planned["ok"],
        404: planned["missing"],
        503: planned["error"],
        422: planned["invalid"],
        504: planned["timeout"],
        499: planned["leaves"],
    }

    eventually(lambda: scrape(gateway).value("http_requests_completed_total"), requests)
    at_gateway = scrape(gateway)
    assert {code: completed(at_gateway, code) for code in statuses} == statuses
    # The backend saw all but what the gateway refused; what timed out there, the backend counts as left.
    passed_on = requests - planned["invalid"]
    eventually(lambda: scrape(backend).value("http_requests_completed_total"), passed_on)
    at_backend = scrape(backend)
    assert completed(at_backend, 200) == planned["ok"] + planned["leaves"]
    assert completed(at_backend, 404) == planned["missing"]
    assert completed(at_backend, 503) == planned["error"]
    assert completed(at_backend, 499) == planned["timeout"]
    for service in (gateway, backend):
        for gauge in GAUGES:
            settled(service, gauge)


@pytest.mark.parametrize("mode", ["sync", "threadpool"])
def test_the_blocking_gateways_count_exactly_too(stage: Stage, mode: str) -> None:
    """Fewer requests, because each of them holds the loop or a thread; a client that leaves is a 499 all the same."""
    backend = stage.backend(delay=0, log_level="warning")
    gateway = stage.gateway(mode, backend, log_level="warning")
    kinds = ["ok"] * 400 + ["missing"] * 50 + ["error"] * 50 + ["invalid"] * 50
    statuses = asyncio.run(send_all(gateway, random.Random(8).sample(kinds, len(kinds))))
    for _ in range(LEAVERS):
        with frozen(backend), socket.create_connection(("127.0.0.1", gateway.port)) as leaver:
            leaver.sendall(b"GET /task HTTP/1.1\r\nHost: x\r\n\r\n")
            eventually(lambda: scrape(gateway).value("http_requests_in_flight"), 1)
        eventually(lambda: scrape(gateway).value("http_requests_in_flight"), 0)
    assert statuses == {200: 400, 404: 50, 503: 50, 422: 50}
    metrics = settled(gateway, "http_requests_completed_total", len(kinds) + LEAVERS)
    assert {code: completed(metrics, code) for code in statuses} == statuses
    assert completed(metrics, 499) == LEAVERS
    for gauge in GAUGES:
        settled(gateway, gauge)
