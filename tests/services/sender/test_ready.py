"""The sender's wait for its targets, before the first burst."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic

import pytest

from inflight.send.sender import Target
from services.sender.ready import until_ready
from tests.ports import free_ports

LONG = 60.0
"""Seconds that no test here waits out."""


async def serve(port: int, respond: Callable[[], bytes]) -> asyncio.Server:
    """Serve a status line to each connection on a port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 " + respond() + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    return await asyncio.start_server(handle, "127.0.0.1", port)


def waits(meanwhile: Callable[[int, asyncio.Event], Awaitable[asyncio.Server | None]], seconds: float = LONG) -> float:
    """Wait for a target on a free port while something happens; return how long it took."""

    async def check() -> float:
        port = free_ports(1)[0][0]
        stop = asyncio.Event()
        began = monotonic()
        waiting = asyncio.create_task(until_ready(Target("late", f"http://127.0.0.1:{port}/{{task}}"), seconds, stop))
        server = await meanwhile(port, stop)
        await waiting
        took = monotonic() - began
        if server:
            server.close()
        return took

    return asyncio.run(check())


def test_it_waits_for_success(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody listens at first, then a gateway does that has no backend; both are told, and then it is ready."""
    statuses = [b"502 Bad Gateway", b"502 Bad Gateway", b"200 OK"]
    caplog.set_level(logging.INFO, "services.sender.ready")

    def said() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.name == "services.sender.ready"]

    async def starts_late(port: int, _stop: asyncio.Event) -> asyncio.Server:
        while not said():  # noqa: ASYNC110 - a log sets no event
            await asyncio.sleep(0.01)
        return await serve(port, lambda: statuses.pop(0))

    assert waits(starts_late) < LONG
    assert statuses == []
    assert said()[0] == "late is not ready: refused"
    assert len(set(said())) == 2, "and one for the status"


def test_being_stopped_ends_it() -> None:
    """SIGTERM need not wait for a target that never comes."""

    async def stops(_port: int, stop: asyncio.Event) -> None:
        stop.set()

    assert waits(stops) < LONG


def test_it_does_not_wait_for_ever() -> None:
    """After its time the bursts begin: what they meet is news."""

    async def nothing(_port: int, _stop: asyncio.Event) -> None:
        return

    assert waits(nothing, 0.1) >= 0.1
