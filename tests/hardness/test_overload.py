"""More than a service is to take: it refuses at once, and goes on serving the others."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.lab.process import LOOPBACK, Service
from tests.eventually import eventually
from tests.hardness.weather import frozen
from tests.stage import Stage, scrape, settled

pytestmark = pytest.mark.long

LIMIT = 5
BURST = 60


@pytest.mark.parametrize("mode", ["threadpool", "async"])
def test_beyond_the_limit_is_refused_at_once_and_counted(stage: Stage, mode: str) -> None:
    """LIMIT requests are inside, the rest get a 503 with Retry-After long before those are answered."""
    backend = stage.backend(delay=0, log_level="warning")
    gateway = stage.gateway(mode, backend, log_level="warning", max_in_flight=LIMIT)
    came: list[int] = []
    with ThreadPoolExecutor() as pool:
        with frozen(backend):
            sending = pool.submit(lambda: asyncio.run(burst(gateway, BURST, 0, came)))
            eventually(lambda: len(came), BURST - LIMIT)
        sending.result()
    assert came == [503] * (BURST - LIMIT) + [200] * LIMIT
    metrics = settled(gateway, "http_requests_in_flight")
    assert metrics.value("http_requests_completed_total", route="/{task}", code="503") == BURST - LIMIT
    assert metrics.value("http_requests_completed_total", code="200") == LIMIT
    assert scrape(backend).value("http_requests_completed_total") == LIMIT
    assert asyncio.run(burst(gateway, LIMIT, 0)) == [200] * LIMIT


def test_a_blocked_loop_can_refuse_nobody(stage: Stage) -> None:
    """It holds one request in flight; the others wait where no limit sees them, and are served in the end."""
    gateway = stage.gateway("sync", stage.backend(log_level="warning"), log_level="warning", max_in_flight=1)
    assert asyncio.run(burst(gateway, 10, 0.05)) == [200] * 10


def test_without_a_limit_nothing_is_refused(stage: Stage) -> None:
    """MAX_IN_FLIGHT is unset: all of a burst are served."""
    backend = stage.backend(delay=0.2, log_level="warning")
    assert asyncio.run(burst(stage.gateway("async", backend, log_level="warning"), 300, 0.2)) == [200] * 300


async def burst(service: Service, requests: int, delay: float, came: list[int] | None = None) -> list[int]:
    """Send requests at once; return the statuses in the order in which they came. A 503 must be a good one."""
    came = [] if came is None else came

    async def one() -> None:
        reader, writer = await asyncio.open_connection(LOOPBACK, service.port)
        writer.write(f"GET /task?delay={delay} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        came.append(int(head.split()[1]))
        if came[-1] == 503:
            assert b"\r\nretry-after: 1" in head
            assert "MAX_IN_FLIGHT" in json.loads(body)["detail"]

    await asyncio.gather(*(one() for _ in range(requests)))
    return came
