"""No keep-alive race: servers keep an idle connection longer than clients use one, at any rate of requests.

The real limits are 75 s for our servers, 60 s for `requests`, 15 s for aiohttp; here all are 75 times shorter.
KEEPALIVE_REQUESTS says how many requests are sent in each mode.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import random
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from time import sleep
from types import SimpleNamespace

import pytest

from services import start
from services.backend.app import build
from services.gateway import session
from services.gateway.app import MODULES
from services.gateway.backend import Backend
from services.serving.settings import BackendSettings
from inflight.telemetry import Telemetry
from tests.eventually import eventually

pytestmark = pytest.mark.alone

REQUESTS = int(os.environ.get("KEEPALIVE_REQUESTS", "1200"))
SHORTER = 75
AIOHTTP_LIMIT = 15.0
CLIENTS = {"sync": 1, "threadpool": 200, "async": 200}
"""Callers at once; the sync gateway has no more than one."""


class Standing(SimpleNamespace):
    """A backend in a thread of this process, and how many connections it has accepted."""

    port: int
    telemetry: Telemetry
    accepted: int


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[Standing]:
    """The backend as the service starts it, with a shorter time for idle connections."""
    monkeypatch.setattr(start, "IDLE_TIMEOUT", start.IDLE_TIMEOUT / SHORTER)
    settings, telemetry = BackendSettings(delay=0, log_level="error"), Telemetry()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        server = start._server(settings, build(settings, telemetry), telemetry, listener.getsockname()[1])
        kind = server.config.http
        standing = Standing(port=listener.getsockname()[1], telemetry=telemetry, accepted=0)

        class Counting(kind):  # type: ignore[misc, valid-type]
            def connection_made(self, transport: asyncio.Transport) -> None:
                standing.accepted += 1
                super().connection_made(transport)

        server.config.http = Counting
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        eventually(server.trouble, None)
        yield standing
        server.should_exit = True
        thread.join(20)


@pytest.mark.timeout(max(120, REQUESTS / 50))
@pytest.mark.parametrize("mode", MODULES)
def test_idle_connections_are_never_used_dead(backend: Standing, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    """Pauses around the client's limit: connections are kept and given up all the time, and no request fails."""
    limit = (AIOHTTP_LIMIT if mode == "async" else session.IDLE_LIMIT) / SHORTER
    monkeypatch.setattr(session, "IDLE_LIMIT", session.IDLE_LIMIT / SHORTER)
    place = Backend(f"http://127.0.0.1:{backend.port}", connect_timeout=20, timeout=60)
    gateway = import_module(f"services.gateway.{MODULES[mode]}").Gateway(place, Telemetry().upstream("backend"))
    rounds = max(6, REQUESTS // 200)
    requests = rounds * CLIENTS[mode] + 1

    async def send() -> list[int]:
        await gateway.open()
        if mode == "async":
            assert gateway.session.connector._keepalive_timeout == AIOHTTP_LIMIT
            gateway.session.connector._keepalive_timeout = limit
        # All pause alike: a pool hands out what was used last, so among many that pause by turns hardly any ever idles.
        pauses = [(0.6 + 0.8 * number / (rounds - 1)) * limit for number in range(rounds)]
        random.Random(5).shuffle(pauses)
        statuses: list[int] = []

        async def awaiting() -> None:
            for pause in pauses:
                statuses.append((await gateway.relay("task1")).status_code)
                await asyncio.sleep(pause)

        def blocking() -> None:
            for pause in pauses:
                statuses.append(gateway.relay("task1").status_code)
                sleep(pause)

        if inspect.iscoroutinefunction(gateway.relay):
            await asyncio.gather(*(awaiting() for _ in range(CLIENTS[mode])))
        else:
            with ThreadPoolExecutor(CLIENTS[mode]) as threads:
                for caller in [threads.submit(blocking) for _ in range(CLIENTS[mode])]:
                    caller.result()
        used = backend.accepted
        await asyncio.sleep(1.1 * limit)
        answer = gateway.relay("task1")
        statuses.append((await answer if inspect.isawaitable(answer) else answer).status_code)
        assert backend.accepted == used + 1, "a connection that idled for longer than the limit was used again"
        await gateway.close()
        return statuses

    assert asyncio.run(send()) == [200] * requests
    assert backend.telemetry.registry.get_sample_value(
        "http_requests_completed_total", {"method": "GET", "route": "/{task}", "code": "200"}
    ) == float(requests), "a request was sent twice"
    assert backend.accepted < requests, "no connection was ever kept"
