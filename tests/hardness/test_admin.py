"""Scrapers that are slow, stuck, or too many: they stop neither the admin port nor the service."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from statistics import median
from time import monotonic, perf_counter

import aiohttp
import pytest
from prometheus_client import CollectorRegistry, Counter

from services.lab.process import LOOPBACK, Service
from services.telemetry import admin
from tests.client import get
from tests.eventually import eventually
from tests.hardness.footprint import footprint
from tests.hardness.test_overload import connections
from tests.stage import Stage
from tests.telemetry.server import read_all

SCRAPERS = 100
ROUNDS = 8
REQUESTS = 100
SLOWDOWN = 1.5
"""How much slower the service may be while it is scraped ten times a second, on a busy machine with two cores."""


def admin_of(service: Service) -> Service:
    """Return the service as its admin port sees it: the same process, another port."""
    seen = Service(service.name, service.module, (service.admin_port, 0), {}, print)
    seen._process = service._process
    return seen


def test_a_hundred_scrapers_at_once_are_all_answered(stage: Stage) -> None:
    """Each gets a whole answer, and the service answers meanwhile."""
    backend = stage.backend(delay=0, log_level="warning")
    with ThreadPoolExecutor(SCRAPERS) as pool:
        scrapes = [pool.submit(get, f"{backend.admin_url}/metrics") for _ in range(2 * SCRAPERS)]
        served = [get(f"{backend.url}/task").status for _ in range(20)]
        assert served == [200] * 20
        for scrape in scrapes:
            answer = scrape.result()
            assert answer.status == 200
            assert "http_requests_in_flight" in answer.text


def test_stuck_and_slow_scrapers_hold_up_nobody_and_are_hung_up_on(stage: Stage) -> None:
    """They ask and never read, say nothing, or say it byte by byte: probes answer, and the slow are cut off in time."""
    backend = stage.backend(delay=0, log_level="warning")
    before = footprint(backend).descriptors
    port = admin_of(backend)
    ask = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    with (
        connections(port, SCRAPERS, b"") as silent,
        connections(port, SCRAPERS, b"GET /met") as halves,
        connections(port, SCRAPERS // 2, ask) as unread,
        connections(port, SCRAPERS // 10, b"GET /metrics HTTP/1.1\r\nX: ") as slow,
    ):
        started = monotonic()
        over = threading.Event()
        dribbler = threading.Thread(target=dribble, args=(slow, over))
        dribbler.start()
        try:
            for path in ("/livez", "/readyz", "/metrics"):
                assert get(f"{backend.admin_url}{path}").status == 200
            assert get(f"{backend.url}/task").status == 200
            assert len(silent) == len(halves) == 2 * len(unread)
            eventually(lambda: footprint(backend).descriptors <= before, wanted=True)
            assert monotonic() - started >= admin.IDLE_TIMEOUT / 2
        finally:
            over.set()
            dribbler.join()
    assert get(f"{backend.admin_url}/livez").status == 200


def test_a_scraper_that_never_reads_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is more than the kernel will hold for it: the thread that writes it is not lost."""
    monkeypatch.setattr(admin, "IDLE_TIMEOUT", 0.5)
    registry = CollectorRegistry()
    Counter("apples_total", "a" * 10_000_000, registry=registry)
    server = admin.AdminServer(LOOPBACK, 0, registry, lambda: None, lambda: None)
    server.start()
    try:
        with socket.create_connection((LOOPBACK, server.port)) as stuck:
            stuck.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            eventually(lambda: len(server._server.waiting_since), 1)
            eventually(lambda: len(server._server.waiting_since), 0)
            assert len(read_all(stuck)) < 10_000_000
    finally:
        server.close()


def test_the_longest_waiting_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections are bounded, and a probe gets in all the same: who has waited longest without asking is let go."""
    monkeypatch.setattr(admin, "MAX_CONNECTIONS", 5)
    server = admin.AdminServer(LOOPBACK, 0, CollectorRegistry(), lambda: None, lambda: None)
    server.start()
    try:
        with ExitStack() as stack:
            silent = []
            for number in range(5):
                silent.append(stack.enter_context(socket.create_connection((LOOPBACK, server.port), timeout=10)))
                eventually(lambda: len(server._server.waiting_since), number + 1)
            assert get(f"http://{LOOPBACK}:{server.port}/livez").status == 200
            assert silent[0].recv(100) == b""
            silent[4].sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert silent[4].recv(100).startswith(b"HTTP/1.1 200")
    finally:
        server.close()


def dribble(connections: list[socket.socket], over: threading.Event) -> None:
    """Send a byte now and then on each connection, until it is over."""
    while not over.wait(0.2):
        for connection in connections:
            try:
                connection.sendall(b"z")
            except OSError:
                continue


SCRAPER = """
import sys, time, urllib.request
while True:
    urllib.request.urlopen(sys.argv[1]).read()
    time.sleep(0.1)
"""


@contextmanager
def scraper(url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that scrapes ten times a second, until the block is left."""
    process = subprocess.Popen([sys.executable, "-c", SCRAPER, url], stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.alone
def test_a_scraper_slows_the_service_hardly_at_all(stage: Stage) -> None:
    """Rounds of requests with and without a scraper that asks ten times a second, in turn; medians are compared."""
    backend = stage.backend(delay=0, log_level="warning")

    async def round_trip(session: aiohttp.ClientSession) -> float:
        started = perf_counter()
        for number in range(REQUESTS):
            async with session.get(f"{backend.url}/task{number}") as answer:
                await answer.read()
        return perf_counter() - started

    async def measure(scraper: subprocess.Popen[bytes]) -> float:
        async with aiohttp.ClientSession() as session:
            await round_trip(session)
            ratios = []
            for _ in range(ROUNDS):
                scraper.send_signal(signal.SIGSTOP)
                alone = await round_trip(session)
                scraper.send_signal(signal.SIGCONT)
                ratios.append(await round_trip(session) / alone)
            return median(ratios)

    with scraper(f"{backend.admin_url}/metrics") as process:
        ratio = asyncio.run(measure(process))
    print(f"scraped ten times a second, the backend takes {ratio:.3f} of its time")  # `make test ARGS=-s` shows it
    assert ratio < SLOWDOWN


def test_ports_are_not_the_same(stage: Stage) -> None:
    """The admin port serves no task, and the service's port no metrics."""
    backend = stage.backend(delay=0, log_level="warning")
    assert get(f"{backend.admin_url}/task1").status == 404
    assert get(f"{backend.url}/metrics").text == '{"message":"success"}'
    with socket.create_connection((LOOPBACK, backend.admin_port)) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
