"""Malformed messages by the thousand, mutated from good ones by a seeded generator, at every kind of port.

FUZZ_MESSAGES says how many in all, FUZZ_SEED which; `make fuzz` sends 100,000.
"""

from __future__ import annotations

import os
import random
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from inflight.routes import UNMATCHED
from inflight.routes.method import METHODS, OTHER
from services.lab.process import LOOPBACK
from tests.client import get
from tests.eventually import eventually
from tests.hardness.footprint import MEGABYTE, footprint
from tests.stage import Metrics, Stage, scrape, settled

pytestmark = pytest.mark.long

MESSAGES = int(os.environ.get("FUZZ_MESSAGES", "2400"))
SEED = int(os.environ.get("FUZZ_SEED", "20240420"))
TALKERS = 4
TIMEOUT = 0.02
"""Seconds for a response. Most messages get one at once; those that wait for more bytes are left."""
GOOD = [
    b"GET /task1?delay=0&status=404 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /task1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"GET /task1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
    b"POST /task%2e1?delay=1e1&delay=&status=%32%30%30 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://evil.example/task1 HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"GET /task1 HTTP/1.1\r\nHost: x\r\n\r\nGET /task2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text; version=1.0.0, text/plain\r\n\r\n",
    b"HEAD /livez HTTP/1.0\r\n\r\n",
    b"GET /task1 HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 6000 + b"\r\n\r\nGET /task2 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /task1?delay=0 HTTP/1.1\r\nHost: x\r\n\r\n" * 120,
]
MOST = 384 * MEGABYTE
"""Memory of a service under attack; most of it is the admin port's, up to 250 threads of which are at work."""
KEPT = 40
"""Idle connections to the backend that a gateway may keep: one for each thread, or for each call that was under way."""
ROUTES = {"/{task}", "/counters/{name}", "/counters/{name}/increments", UNMATCHED}
CODES = {str(code) for code in range(200, 600)}


def mutated(good: bytes, chance: random.Random) -> bytes:
    """Return a message with some of its bytes changed, doubled, removed or cut off."""
    data = bytearray(good)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data) or 1)
        what = chance.randrange(5)
        if what == 0 and data:
            data[at] = chance.randrange(256)
        elif what == 1:
            data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 8)))
        elif what == 2:
            del data[at : at + chance.randint(1, 8)]
        elif what == 3:
            data[at:at] = data[at : at + chance.randint(1, 40)]
        else:
            del data[max(1, at) :]
    return bytes(data)


def talk(port: int, messages: int, seed: int) -> None:
    """Send messages, each on a connection of its own, and take what comes."""
    chance = random.Random(seed)
    for number in range(messages):
        with socket.create_connection((LOOPBACK, port), timeout=10) as connection:
            connection.settimeout(TIMEOUT)
            with suppress(OSError):
                connection.sendall(mutated(GOOD[number % len(GOOD)], chance))
                connection.recv(65536)


def attack(port: int, messages: int) -> None:
    """Send messages from several threads."""
    with ThreadPoolExecutor(TALKERS) as pool:
        for future in [pool.submit(talk, port, messages // TALKERS, SEED + talker) for talker in range(TALKERS)]:
            future.result()


def labels(metrics: Metrics, name: str) -> set[str]:
    """Return the values that a label has in all samples."""
    return {sample.labels[name] for sample in metrics._samples if name in sample.labels}


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("mode", ["async", "threadpool", "sync"])
def test_no_message_breaks_a_service(stage: Stage, mode: str) -> None:
    """A gateway, its admin port and the backend: they live, respond to the next good request, and log no traceback."""
    backend = stage.backend(delay=0, log_level="warning")
    gateway = stage.gateway(mode, backend, log_level="warning", upstream_timeout=5)
    services = (gateway, backend)
    attack(gateway.port, MESSAGES // 30)
    attack(gateway.admin_port, MESSAGES // 30)
    before = {service: footprint(service) for service in services}

    attack(gateway.port, MESSAGES // 6)
    attack(gateway.admin_port, MESSAGES // 12)
    attack(backend.port, MESSAGES // 12)

    for service in services:
        assert not service.end
        assert get(f"{service.url}/task").status == 200
        assert get(f"{service.admin_url}/livez").status == 200
        metrics = settled(service, "http_requests_in_flight")
        assert scrape(service).value("http_client_requests_in_flight") == 0
        assert labels(metrics, "route") <= ROUTES
        assert labels(metrics, "method") <= METHODS | {OTHER}
        assert labels(metrics, "code") <= CODES
        then = before[service]
        allowed = then.descriptors + 2 + (0 if mode == "sync" else KEPT)
        eventually(lambda: footprint(service).descriptors <= allowed, wanted=True)  # noqa: B023
        assert footprint(service).memory < MOST
    assert not [line for _, line in stage.said if "Traceback" in line or "unexpected" in line]
