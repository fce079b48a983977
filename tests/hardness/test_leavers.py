"""Clients that leave by the hundred: counted, and nothing of them stays.

LEAVERS says how many leave; a two-hundredth of them the blocking gateway, which serves one at a time.
"""

from __future__ import annotations

import asyncio
import os
import socket

import pytest

from services.lab.process import Service
from tests.client import get
from tests.eventually import eventually
from tests.hardness.footprint import MEGABYTE, Footprint, footprint
from tests.hardness.weather import frozen
from tests.services.gateway.faulty import RESET
from tests.stage import Metrics, Stage, settled

pytestmark = pytest.mark.long

LEAVERS = int(os.environ.get("LEAVERS", "2000"))
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


def as_before(service: Service, then: Footprint, descriptors: int) -> None:
    """Fail unless the process holds the memory that it held then, and no more than so many descriptors."""
    eventually(lambda: footprint(service).descriptors <= descriptors, wanted=True)
    assert footprint(service).memory < then.memory + GROWTH, service.name


@pytest.mark.timeout(max(120, LEAVERS / 20))
@pytest.mark.parametrize("mode", ["sync", "threadpool", "async"])
def test_clients_that_leave_are_counted_and_nothing_of_them_stays(stage: Stage, mode: str) -> None:
    """Their calls go on to their end, as in any plain FastAPI application; afterwards all is as it was."""
    backend = stage.backend(delay=0, log_level="warning")
    gateway = stage.gateway(mode, backend, log_level="warning")
    leavers, at_once, stay, delay = (LEAVERS // 200, 4, 0.03, 0.1) if mode == "sync" else (LEAVERS // 8, 40, 0.05, 0.2)
    # A call whose client has left goes on: as many connections to the backend as there are leavers may be idle then.
    most = {service: footprint(service).descriptors + leavers + 5 for service in (gateway, backend)}
    with frozen(backend):  # else a slow moment of this machine could respond to some before they leave
        asyncio.run(leave(gateway.port, leavers, at_once, delay, stay))  # as many as later: memory is at its height
    settled(gateway, "http_requests_completed_total", leavers)
    all_quiet(gateway, backend)
    before = {service: footprint(service) for service in (gateway, backend)}

    with frozen(backend):
        asyncio.run(leave(gateway.port, leavers, at_once, delay, stay))

    metrics = settled(gateway, "http_requests_completed_total", 2 * leavers)
    assert gone(metrics) == 2 * leavers
    all_quiet(gateway, backend)
    for service, then in before.items():
        as_before(service, then, most[service])
    assert get(f"{gateway.url}/task").status == 200
