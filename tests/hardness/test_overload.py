"""More than a service can take: it refuses, or goes on serving the others, and its memory stays bounded.

SILENT_CONNECTIONS says how many connections say nothing; as many as this machine's `ulimit -n` allows are opened.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from time import monotonic

import pytest

from services.lab.process import LOOPBACK, Service
from services.slow_clients import SWEEP
from tests.client import get
from tests.eventually import eventually
from tests.hardness.footprint import MEGABYTE, footprint
from tests.hardness.impatient import REQUEST_TIMEOUT
from tests.hardness.weather import frozen
from tests.stage import Stage, scrape, settled

pytestmark = pytest.mark.long

SPARE_DESCRIPTORS = 500
SILENT = min(
    int(os.environ.get("SILENT_CONNECTIONS", "2000")),
    resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_DESCRIPTORS,
)
PER_CONNECTION = 16 * 1024
"""Bytes of the service's memory that a connection may take which has sent nothing, or part of a head."""
SLOW_MACHINE = 10.0
LIMIT = 5
BURST = 60
AHEAD = 2000
"""Requests sent on one connection before any answer is read."""


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


@contextmanager
def connections(service: Service, number: int, data: bytes) -> Iterator[list[socket.socket]]:
    """Hold this many connections to the service, on each of which `data` was sent."""
    with ExitStack() as stack:
        held = []
        for _ in range(number):
            held.append(stack.enter_context(socket.create_connection((LOOPBACK, service.port), timeout=SLOW_MACHINE)))
            if data:
                held[-1].sendall(data)
        yield held


def closed_with(connection: socket.socket) -> int:
    """Return the status that the service closes the connection with; 0 for none."""
    data = b""
    while piece := connection.recv(65536):
        data += piece
    return int(data.split()[1]) if data else 0


@pytest.fixture
def impatient(stage: Stage) -> Service:
    """A backend that waits REQUEST_TIMEOUT for a request, shorter than in earnest."""
    return stage.start("backend", "tests.hardness.impatient", delay=0, log_level="warning")


def test_silent_connections_hold_up_nobody(impatient: Service) -> None:
    """Thousands that say nothing, or half a head: others are served, memory is bounded, and all are closed in time."""
    with connections(impatient, 50, b""):
        before = footprint(impatient)
    half = b"GET /task1 HTTP/1.1\r\nX: "
    with connections(impatient, SILENT // 2, b"") as silent, connections(impatient, SILENT // 2, half) as halves:
        opened = monotonic()
        answers = [get(f"{impatient.url}/task{number}").status for number in range(20)]
        assert answers == [200] * 20
        assert get(f"{impatient.admin_url}/livez").status == 200
        eventually(lambda: footprint(impatient).descriptors > 0.9 * SILENT or monotonic() > opened + 1, wanted=True)
        assert footprint(impatient).memory - before.memory < 8 * MEGABYTE + SILENT * PER_CONNECTION
        assert {closed_with(connection) for connection in (*silent, *halves)} == {408}
        assert monotonic() - opened < REQUEST_TIMEOUT + SWEEP + SLOW_MACHINE
    eventually(lambda: footprint(impatient).descriptors <= before.descriptors, wanted=True)
    assert get(f"{impatient.url}/task").status == 200
    assert scrape(impatient).value("http_requests_in_flight") == 0


def test_a_head_byte_by_byte_is_cut_off_in_the_documented_time(impatient: Service) -> None:
    """Sending something now and then buys no time."""
    started = monotonic()
    with connections(impatient, 20, b"GET /task1 HTTP/1.1\r\nX: ") as slow:
        for connection in slow:
            connection.setblocking(False)
        refused: set[socket.socket] = set()
        while len(refused) < len(slow):
            assert monotonic() - started < REQUEST_TIMEOUT + SWEEP + SLOW_MACHINE
            for connection in set(slow) - refused:
                try:
                    connection.sendall(b"z")
                    data = connection.recv(65536)
                except BlockingIOError:
                    continue
                except ConnectionError:
                    data = b""
                assert data == b"" or data.startswith(b"HTTP/1.1 408")
                refused.add(connection)
            assert get(f"{impatient.url}/task1").status == 200
    assert monotonic() - started >= REQUEST_TIMEOUT


def test_a_client_that_closes_its_half_has_left(impatient: Service) -> None:
    """Half-open: it says that it will say no more. It is taken for gone, and nothing of it stays."""
    before = footprint(impatient).descriptors
    with connections(impatient, 50, b"GET /task1?delay=60 HTTP/1.1\r\nHost: x\r\n\r\n") as halves:
        eventually(lambda: scrape(impatient).value("http_requests_in_flight"), 50)
        for connection in halves:
            connection.shutdown(socket.SHUT_WR)
        assert {closed_with(connection) for connection in halves} == {0}
        eventually(lambda: scrape(impatient).value("http_requests_in_flight"), 0)
        eventually(lambda: footprint(impatient).descriptors <= before, wanted=True)
    settled(impatient, "http_requests_completed_total", 50, code="499")
    assert get(f"{impatient.url}/task1").status == 200


def test_a_client_that_reads_no_answer_is_cut_off(impatient: Service) -> None:
    """It asks and asks on one connection and takes nothing: others are served, memory is bounded, and it ends."""
    before = footprint(impatient)
    left = scrape(impatient).value("http_requests_completed_total", code="499")
    with connections(impatient, 4, b"") as greedy:
        started = monotonic()
        for connection in greedy:
            connection.setblocking(False)
            with suppress(BlockingIOError):
                connection.send(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 5000)
        assert [get(f"{impatient.url}/task{number}").status for number in range(20)] == [200] * 20
        eventually(lambda: footprint(impatient).descriptors <= before.descriptors, wanted=True)
        assert monotonic() - started >= REQUEST_TIMEOUT
        assert footprint(impatient).memory - before.memory < 16 * MEGABYTE
        eventually(
            lambda: scrape(impatient).value("http_requests_completed_total", code="499") >= left + 4, wanted=True
        )
    eventually(lambda: scrape(impatient).value("http_requests_in_flight"), 0)
    assert scrape(impatient).value("http_requests_waiting") == 0


def test_requests_sent_ahead_are_answered_in_order_and_cost_no_memory(impatient: Service) -> None:
    """Thousands at once on each of two connections: each has its own answer, and others are not kept waiting."""
    before = footprint(impatient).memory
    codes = [200 + number % 3 for number in range(AHEAD)]
    with connections(impatient, 2, b"") as ahead:
        for connection in ahead:
            connection.sendall(b"".join(b"GET /task1?status=%d HTTP/1.1\r\nHost: x\r\n\r\n" % code for code in codes))
        assert get(f"{impatient.url}/task2").status == 200
        for connection in ahead:
            data = b""
            while data.count(b'"success"}') < AHEAD:
                data += connection.recv(65536)
            assert [int(code) for code in re.findall(rb"HTTP/1.1 (\d+)", data)] == codes
        assert footprint(impatient).memory - before < 8 * MEGABYTE
    settled(impatient, "http_requests_completed_total", 2 * AHEAD + 1)
