"""How long a stop may take."""

from __future__ import annotations

import asyncio
import json

import pytest
from starlette.types import Message, Receive, Scope, Send

from services.serving import draining
from services.serving.draining import Drain, DrainingMiddleware
from tests.inflight.asgi import call, http_scope


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands where the test puts it."""
    now = [100.0]
    monkeypatch.setattr(draining, "monotonic", lambda: now[0])
    return now


async def responds(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Respond with nothing."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def is_cancelled(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """End as a request does that takes too long."""
    raise asyncio.CancelledError


def test_the_times_are_counted_from_the_signal(clock: list[float]) -> None:
    """First the delay, in which all goes on, then the timeout."""
    drain = Drain(delay=2, timeout=30)
    assert (drain.begun, drain.closing, drain.left) == (False, False, 30)
    drain.begin()
    assert (drain.begun, drain.closing, drain.left) == (True, False, 32)
    clock[0] += 2
    assert (drain.closing, drain.left) == (True, 30)
    clock[0] += 29
    assert drain.left == 1
    clock[0] += 100
    assert drain.left == 0


def test_requests_are_served_until_the_drain_is_over(clock: list[float]) -> None:
    """Those that come later are told so at once."""
    drain = Drain(delay=0, timeout=1)
    app = DrainingMiddleware(responds, drain)
    assert call(app, http_scope())[0]["status"] == 200
    drain.begin()
    assert call(app, http_scope())[0]["status"] == 200
    clock[0] += 1
    assert problem_status(call(app, http_scope())) == 503


def test_a_request_that_the_server_cancels_is_a_503() -> None:
    """The server cancels what takes longer than the drain may; where nobody drains, a cancellation is passed on."""
    drain = Drain(0, 1)
    app = DrainingMiddleware(is_cancelled, drain)
    with pytest.raises(asyncio.CancelledError):
        call(app, http_scope())
    drain.begin()
    assert problem_status(call(app, http_scope())) == 503


def problem_status(sent: list[Message]) -> int:
    """Return the status that the response's body says."""
    return int(json.loads(sent[1]["body"])["status"])
