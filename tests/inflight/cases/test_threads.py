"""The cases whose requests wait for threads."""

from __future__ import annotations

import json
import os
import signal
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.inflight.run.service import Service, serving

pytestmark = pytest.mark.long

EXECUTOR = min(32, (os.cpu_count() or 1) + 4)
"""Threads of the loop's default executor."""


def _waiting(service: Service) -> float | None:
    return service.metrics().value("http_requests_waiting", queue="thread")


def _busy(service: Service, pool: str) -> float | None:
    return service.metrics().value("thread_pool_threads_busy", pool=pool)


def test_default_executor() -> None:
    """Of 24 calls of `asyncio.to_thread` the executor's threads run some, the others wait; a look-up waits behind."""
    with serving("default_executor:app", "--loop", "asyncio") as service:  # uvloop's look-ups have threads of libuv's
        calls = service.at_once(24, "/sync")
        eventually(lambda: (_waiting(service), _busy(service, "executor")), (24 - EXECUTOR, EXECUTOR))
        lookup = service.get("/dns")
        assert {call.result().status for call in calls} == {200}
        assert lookup.timing["thread"] > 0.5
        assert service.metrics().value("http_request_wait_seconds_count", queue="thread") == 25
        eventually(lambda: _waiting(service), 0)


def test_sync_dependency() -> None:
    """An `async def` handler waits for a thread, too, where a plain dependency needs one."""
    with serving("sync_dependency:app") as service:
        reports = service.at_once(120, "/report")
        eventually(lambda: _busy(service, "anyio"), 40)
        mine = [each.result() for each in service.at_once(10, "/me")]
        assert {each.result().status for each in reports} == {200}
    assert {each.body for each in mine} == {b'{"tenant":"a"}'}
    assert all(each.timing["thread"] > 0.5 for each in mine), [each.timing for each in mine]
    assert all(each.timing["thread"] <= each.timing["total"] for each in mine)


def test_response_model() -> None:
    """A response that is validated in the pool's thread is validated there still, five at a time; the loop is free."""
    with serving("response_model:app") as service:
        invoices = service.at_once(5, "/invoice")
        eventually(lambda: _busy(service, "anyio"), 5)
        assert service.get("/ping").status == 200
        assert not all(invoice.done() for invoice in invoices)
        assert {invoice.result().body for invoice in invoices} == {b'{"title":"invoice","lines":["a","b"]}'}


DEADLOCK = """\
from contextlib import asynccontextmanager
import anyio
from anyio import from_thread, to_thread
from fastapi import FastAPI

@asynccontextmanager
async def lifespan(app):
    to_thread.current_default_thread_limiter().total_tokens = 2
    yield

app = FastAPI(lifespan=lifespan)

@app.get("/nested")
def nested() -> str:
    from_thread.run(anyio.sleep, 0.3)
    return from_thread.run(to_thread.run_sync, str, "done")

@app.get("/ping")
async def ping() -> str:
    return "pong"
"""


def test_a_deadlock_stays_one_and_is_seen(tmp_path: Path) -> None:
    """Both threads of the pool are held by who waits for another thread: nobody gets one, and the gauges say so."""
    (tmp_path / "nested.py").write_text(DEADLOCK)
    with serving("nested:app", folder=tmp_path) as service:
        calls = service.at_once(2, "/nested")
        eventually(lambda: (_waiting(service), _busy(service, "anyio")), (2, 2))
        assert service.get("/ping").body == b'"pong"'
        requests = json.loads(service.page("/requests").body)["requests"]
        assert [(each["route"], each["state"]) for each in requests] == [("/nested", "thread")] * 2
        assert not any(call.done() for call in calls)
        os.killpg(service.process.pid, signal.SIGKILL)  # the worker waits for its requests, as uvicorn does
        assert all(isinstance(call.exception(), OSError | HTTPException) for call in calls)


def test_background() -> None:
    """A background task that blocks the loop makes others wait in front of it; plain ones hold the pool's threads."""
    with serving("background:app") as service:
        assert service.get("/signup", "POST").body == b'"ok"'
        ping = service.get("/ping")
        assert ping.timing.get("kernel", 0) + ping.timing["loop"] > 1
        signups = service.at_once(60, "/signup_sync", "POST")
        eventually(lambda: _busy(service, "anyio"), 40)
        assert {each.result().body for each in signups} == {b'"ok"'}
        waited = service.get("/def")
        assert waited.body == b'"x"'
        assert waited.timing["thread"] > 0.5
