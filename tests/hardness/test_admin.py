"""Scrapers by the hundred: they stop neither the admin port nor the service."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import process_time

import pytest

from inflight.linux import unread_connections
from services.lab.process import LOOPBACK, Service
from tests.client import get
from tests.stage import Stage

pytestmark = pytest.mark.long

SCRAPERS = 100
SCRAPES = 50
LISTINGS = 10
SHARE = 0.05
"""The part of a core that a scrape a second may take."""


def test_a_hundred_scrapers_at_once_are_all_answered(stage: Stage) -> None:
    """Each gets a whole response, and the service responds meanwhile."""
    backend = stage.backend(delay=0, log_level="warning")
    with ThreadPoolExecutor(SCRAPERS) as pool:
        scrapes = [pool.submit(get, f"{backend.admin_url}/metrics") for _ in range(2 * SCRAPERS)]
        served = [get(f"{backend.url}/task").status for _ in range(20)]
        assert served == [200] * 20
        for scrape in scrapes:
            response = scrape.result()
            assert response.status == 200
            assert "http_requests_in_flight" in response.text


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
