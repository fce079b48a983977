"""The thread pool's queue."""

import asyncio
import inspect
from collections.abc import Callable
from time import sleep
from typing import Annotated, Any

import anyio.to_thread
import pytest
from fastapi import Depends, FastAPI

from services.telemetry import Telemetry
from services.telemetry.server_timing import parse_server_timing
from services.telemetry.threads import timed_in_thread
from tests.eventually import eventually
from tests.telemetry.server import Served, read_all, served


class Waits:
    """An application of three plain handlers, and how its answers say that they waited for a thread."""

    def __init__(self) -> None:
        self.telemetry = Telemetry()
        self.app = FastAPI()
        handlers: dict[str, Callable[..., Any]] = {"/plain": plain, "/depends": depends, "/body": reads_a_body}
        for path, handler in handlers.items():
            timed = timed_in_thread(handler, self.telemetry.metrics)
            self.app.add_api_route(path, timed, methods=["GET", "POST"])

    def thread(self, served: Served, path: str, body: bytes = b"") -> float:
        """Return the seconds that the answer's ledger has for `thread`; the body comes LATE."""
        head = f"POST {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: application/json\r\n"
        with served.connect() as connection:
            connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
            if body:
                sleep(LATE)
                connection.sendall(body)
            answer = read_all(connection).decode()
        assert answer.endswith('"pool"')
        return parse_server_timing(answer.partition("server-timing: ")[2].partition("\r\n")[0])["thread"]


LATE = 0.5
SOON = 0.25


def plain() -> str:
    """Say where it runs."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return "pool"
    return "loop"


async def slow() -> None:
    """Be a dependency that takes its time on the loop."""
    await asyncio.sleep(LATE)


def depends(_slow: Annotated[None, Depends(slow)]) -> str:
    """Run after a dependency."""
    return plain()


def reads_a_body(_item: dict[str, int]) -> str:
    """Run after a body."""
    return plain()


@pytest.mark.alone
def test_a_plain_handler_waits_for_its_thread_from_when_it_is_handed_over() -> None:
    """Not from when its dependencies or its body were awaited: the pool had nothing to do with those."""
    waits = Waits()
    with served(waits.app, telemetry=waits.telemetry) as server:
        for number, (path, body) in enumerate([("/plain", b""), ("/depends", b""), ("/body", b"{}")], 1):
            assert 0 <= waits.thread(server, path, body) < SOON
            assert server.value("http_request_wait_seconds_count", queue="thread") == number


def test_a_plain_handler_that_finds_no_thread_waits_for_one() -> None:
    """The pool is full of others."""
    waits = Waits()

    async def no_thread_is_free() -> None:
        limiter = anyio.to_thread.current_default_thread_limiter()
        for number in range(int(limiter.total_tokens)):
            limiter.acquire_on_behalf_of_nowait(number)
        asyncio.get_running_loop().call_later(LATE, limiter.release_on_behalf_of, 0)

    waits.app.add_api_route("/fill", no_thread_is_free)
    with served(waits.app, telemetry=waits.telemetry) as server:
        server.get("/fill")
        assert waits.thread(server, "/plain") >= LATE / 2


def test_a_coroutine_is_left_alone() -> None:
    """It runs on the loop, and has no such queue."""

    async def handler() -> None: ...

    assert timed_in_thread(handler, Telemetry().metrics) is handler


def test_the_signature_stays() -> None:
    """FastAPI reads it to validate and to document."""

    def handler(task: str, delay: float = 1) -> None: ...

    timed = timed_in_thread(handler, Telemetry().metrics)
    assert inspect.signature(timed) == inspect.signature(handler)


def test_requests_that_wait_for_a_thread_are_counted() -> None:
    """Anyio's limiter is the queue that FastAPI's plain handlers stand in."""
    telemetry = Telemetry()

    async def main() -> None:
        async with telemetry.running():
            limiter = anyio.to_thread.current_default_thread_limiter()
            assert telemetry.live.waiting()["thread"] == 0
            for number in range(int(limiter.total_tokens)):
                limiter.acquire_on_behalf_of_nowait(number)
            waiting = asyncio.create_task(anyio.to_thread.run_sync(int))
            await asyncio.sleep(0)
            await asyncio.to_thread(eventually, lambda: telemetry.live.waiting()["thread"], 1)
            limiter.release_on_behalf_of(0)
            await waiting
            assert telemetry.live.waiting()["thread"] == 0

    asyncio.run(main())
