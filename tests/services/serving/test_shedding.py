"""A limit on requests in flight: beyond it, refused at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from services.serving.shedding import SheddingMiddleware
from tests.client import get
from tests.problems import problem_of
from tests.stage import Stage, scrape, settled

pytestmark = pytest.mark.long

Message = MutableMapping[str, Any]


class Door:
    """An application whose requests stay inside until told otherwise."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.entered = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.entered += 1
        await self.release.wait()
        if scope["path"] == "/fails":
            raise ZeroDivisionError


async def ask(app: SheddingMiddleware, path: str = "/", kind: str = "http") -> list[Message]:
    """Return what the application sends for one request."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": kind, "path": path, "method": "GET"}, receive, send)
    return sent


def test_beyond_the_limit_is_a_503_at_once() -> None:
    """The third of two is refused while the two are inside, and told when to come back."""

    async def check() -> None:
        door = Door()
        app = SheddingMiddleware(door, 2)
        inside = [asyncio.create_task(ask(app)) for _ in range(2)]
        await asyncio.sleep(0)
        start, body = await ask(app)
        assert (start["status"], (b"retry-after", b"1") in start["headers"]) == (503, True)
        assert json.loads(body["body"])["status"] == 503
        assert door.entered == 2
        door.release.set()
        await asyncio.gather(*inside)
        assert await ask(app) == []
        assert (door.entered, app.inside) == (3, 0)

    asyncio.run(check())


def test_a_place_is_free_again_however_a_request_ends() -> None:
    """A request that fails, and one that is cancelled, leave as one that is answered does."""

    async def check() -> None:
        door = Door()
        app = SheddingMiddleware(door, 1)
        cancelled = asyncio.create_task(ask(app))
        await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        assert app.inside == 0
        door.release.set()
        with pytest.raises(ZeroDivisionError):
            await ask(app, "/fails")
        assert app.inside == 0

    asyncio.run(check())


def test_what_is_not_http_passes() -> None:
    """The lifespan is not a request and takes nobody's place."""

    async def check() -> None:
        door = Door()
        door.release.set()
        app = SheddingMiddleware(door, 0)
        assert await ask(app, kind="lifespan") == []
        assert door.entered == 1

    asyncio.run(check())


def test_a_real_service_sheds(stage: Stage) -> None:
    """With one request inside, the next gets a problem, the admin port goes on answering, and both are counted."""
    backend = stage.backend(delay=60, max_in_flight=1)

    async def check() -> None:
        _reader, writer = await asyncio.open_connection("127.0.0.1", backend.port)
        writer.write(b"GET /task1 HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.to_thread(settled, backend, "http_requests_in_flight", 1.0)
        response = await asyncio.to_thread(get, f"{backend.url}/task2?delay=0")
        assert "MAX_IN_FLIGHT" in problem_of(response, 503)
        assert response.header("retry-after") == "1"
        writer.close()
        await writer.wait_closed()

    asyncio.run(check())
    assert scrape(backend).value("http_requests_completed_total", code="503", route="/{task}") == 1
