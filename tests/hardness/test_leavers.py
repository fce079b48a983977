"""Clients that leave by the thousand: counted, their upstream calls cancelled, and nothing of them stays.

LEAVERS says how many leave the async gateway; an eighth of them leave the threadpool's, and a two-hundredth the
blocking one, which serves one at a time.
"""

from __future__ import annotations

import asyncio
import os
import socket

import pytest

from services.lab.process import Service
from tests.client import get
from tests.eventually import eventually
from tests.gateway.faulty import RESET
from tests.hardness.footprint import MEGABYTE, Footprint, footprint
from tests.hardness.weather import frozen
from tests.stage import Metrics, Stage, scrape, settled

pytestmark = pytest.mark.long

LEAVERS = int(os.environ.get("LEAVERS", "2000"))
AT_ONCE = 100
WARM_UP = 800
DELAY = 30
"""Seconds that the backend would take: far longer than anybody stays."""
GROWTH = 16 * MEGABYTE
"""Memory that the interpreter and the allocator may keep: 1.6 KB for each of 10,000."""
GAUGES = ("http_requests_in_flight", "http_requests_waiting", "http_client_requests_in_flight")


async def leave(port: int, requests: int, at_once: int, delay: float, stay: float) -> None:
    """Send this many requests, each on a connection of its own, and close each `stay` seconds later."""
    numbers = iter(range(requests))

    async def leaver() -> None:
        for number in numbers:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET /task{number}?delay={delay} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            await asyncio.sleep(stay)
            if number % 2:
                sock: socket.socket = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)  # half of them with a reset
                writer.transport.abort()
            else:
                writer.close()
            await writer.wait_closed()

    await asyncio.gather(*(leaver() for _ in range(at_once)))


def gone(metrics: Metrics) -> float:
    """Return how many requests were counted as left."""
    return metrics.value("http_requests_completed_total", code="499")


def all_quiet(*services: Service) -> None:
    """Fail unless every gauge comes to 0."""
    for service in services:
        for gauge in GAUGES:
            settled(service, gauge)


def as_before(service: Service, then: Footprint) -> None:
    """Fail unless the process holds what it held then."""
    eventually(lambda: footprint(service).descriptors <= then.descriptors + 2, wanted=True)
    assert footprint(service).memory < then.memory + GROWTH, service.name


@pytest.mark.timeout(max(120, LEAVERS / 20))
def test_the_async_gateway_cancels_what_nobody_waits_for(stage: Stage) -> None:
    """Each is a 499 at the gateway and, its call cancelled, at the backend; memory and descriptors are as before."""
    backend = stage.backend(delay=0, log_level="warning")
    gateway = stage.gateway("async", backend, log_level="warning")
    asyncio.run(leave(gateway.port, WARM_UP, AT_ONCE, DELAY, 0.05))
    eventually(lambda: gone(scrape(gateway)), WARM_UP)
    eventually(lambda: gone(scrape(backend)) + unseen(gateway, backend), WARM_UP)
    all_quiet(gateway, backend)
    before = {service: footprint(service) for service in (gateway, backend)}

    asyncio.run(leave(gateway.port, LEAVERS, AT_ONCE, DELAY, 0.05))

    eventually(lambda: gone(scrape(gateway)), WARM_UP + LEAVERS)
    cancelled = scrape(gateway).value("http_client_request_duration_seconds_count", outcome="cancelled")
    assert cancelled == WARM_UP + LEAVERS
    all_quiet(gateway, backend)
    assert gone(scrape(backend)) == scrape(backend).value("http_requests_completed_total")
    assert scrape(gateway).value("http_requests_completed_total") == WARM_UP + LEAVERS
    for service, then in before.items():
        as_before(service, then)
    assert get(f"{gateway.url}/task").status == 200


def unseen(gateway: Service, backend: Service) -> float:
    """Return how many calls were cancelled before the backend had read their request."""
    return gone(scrape(gateway)) - scrape(backend).value("http_requests_completed_total")


@pytest.mark.timeout(max(120, LEAVERS / 20))
@pytest.mark.parametrize("mode", ["sync", "threadpool"])
def test_the_blocking_gateways_count_whoever_left(stage: Stage, mode: str) -> None:
    """Their calls go on, because no thread can be cancelled; afterwards all is as it was."""
    backend = stage.backend(delay=0, log_level="warning")
    gateway = stage.gateway(mode, backend, log_level="warning")
    leavers, at_once, stay, delay = (LEAVERS // 200, 4, 0.03, 0.1) if mode == "sync" else (LEAVERS // 8, 40, 0.05, 0.2)
    with frozen(backend):  # else a slow moment of this machine could answer some before they leave
        asyncio.run(leave(gateway.port, leavers, at_once, delay, stay))  # as many as later: the queue is as deep
    settled(gateway, "http_requests_completed_total", leavers)
    all_quiet(gateway, backend)
    before = {service: footprint(service) for service in (gateway, backend)}

    with frozen(backend):
        asyncio.run(leave(gateway.port, leavers, at_once, delay, stay))

    metrics = settled(gateway, "http_requests_completed_total", 2 * leavers)
    assert gone(metrics) == 2 * leavers
    all_quiet(gateway, backend)
    for service, then in before.items():
        as_before(service, then)
    assert get(f"{gateway.url}/task").status == 200
