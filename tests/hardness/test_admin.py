"""Scrapers that are slow, stuck, or too many: they stop neither the admin port nor the service."""

from __future__ import annotations

import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, process_time

import pytest
from prometheus_client import CollectorRegistry, Counter

from services.lab.process import LOOPBACK, Service
from services.telemetry import admin
from inflight.linux.tcp_info import unread_connections
from tests.client import get
from tests.eventually import eventually
from tests.hardness.footprint import footprint
from tests.hardness.test_overload import connections
from tests.stage import Stage
from tests.telemetry.server import read_all

SCRAPERS = 100
SCRAPES = 50
LISTINGS = 10
SHARE = 0.05
"""The part of a core that a scrape a second may take."""


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
    monkeypatch.setattr(admin, "IDLE_TIMEOUT", 3.0)
    registry = CollectorRegistry()
    Counter("apples_total", "a" * 10_000_000, registry=registry)
    server = admin.AdminServer(LOOPBACK, 0, registry)
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
    server = admin.AdminServer(LOOPBACK, 0, CollectorRegistry())
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


def processor_seconds(service: Service) -> float:
    """Return the processor time that the service's process has used."""
    assert service._process is not None
    fields = Path("/proc", str(service._process.pid), "stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_scrape_a_second_takes_little_of_a_core(stage: Stage) -> None:
    """Requests need the interpreter's lock: they are slowed by the share of a core that scraping takes, not more.

    Processor time, because the time on the wall is the machine's affair; Prometheus scrapes the lab once a second. What
    the kernel takes to list the machine's connections is the machine's affair too, and left out.
    """
    backend = stage.backend(delay=0, log_level="warning")
    for number in range(50):
        assert get(f"{backend.url}/task{number}?status={200 + number}").status == 200 + number
    before = processor_seconds(backend)
    for _ in range(SCRAPES):
        assert get(f"{backend.admin_url}/metrics").status == 200
    share = (processor_seconds(backend) - before) / SCRAPES
    started = process_time()
    for _ in range(LISTINGS):
        unread_connections(backend.port)
    share -= (process_time() - started) / LISTINGS
    print(f"a scrape a second takes {share:.2%} of a core")  # `make test ARGS=-s` shows it
    assert share < SHARE


def test_ports_are_not_the_same(stage: Stage) -> None:
    """The admin port serves no task, and the service's port no metrics."""
    backend = stage.backend(delay=0, log_level="warning")
    assert get(f"{backend.admin_url}/task1").status == 404
    assert get(f"{backend.url}/metrics").text == '{"message":"success"}'
    with socket.create_connection((LOOPBACK, backend.admin_port)) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
