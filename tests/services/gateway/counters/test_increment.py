"""What an increment asks of the backend, call by call, without a backend."""

from __future__ import annotations

import json

import pytest

from services.gateway.backend import Backend
from services.gateway.counters.increment import FIRST_PAUSE, LONGEST_PAUSE, TRIES, Increment, Way
from services.gateway.errors import InvalidResponse

BACKEND = Backend("http://backend", connect_timeout=1, timeout=1)
URL = "http://backend/counters/visits"


def started(write: Way, key: str | None = None) -> Increment:
    """Return an increment that has its first call."""
    return Increment(BACKEND, "visits", 0.5, write, key)


def sent(increment: Increment) -> tuple[str, str]:
    """Return the method and the URL of the call that is next."""
    assert increment.call is not None
    return increment.call.method, increment.call.url


def has_read(write: Way, value: int = 4) -> Increment:
    """Return an increment that has read the counter and waited, and is about to write."""
    increment = started(write)
    assert sent(increment) == ("GET", URL)
    increment.proceed(200, {"ETag": '"v4"'}, b'{"value":%d}' % value)
    assert sent(increment) == ("GET", "http://backend/increment?delay=0.5")
    increment.proceed(200, {}, b'{"message":"success"}')
    assert sent(increment) == ("PUT", URL)
    return increment


def test_plain_writes_what_was_read_plus_1() -> None:
    """It asks for nothing to be unchanged."""
    increment = has_read("plain")
    assert increment.call is not None
    assert json.loads(increment.call.body or b"") == {"value": 5}
    assert "If-Match" not in increment.call.headers
    increment.proceed(200, {}, b'{"value":5}')
    assert increment.call is None
    assert increment.response.body == b'{"res":{"value":5}}'


def test_if_match_reads_again_when_the_counter_changed() -> None:
    """It does not wait for the backend's work again: that is done."""
    increment = has_read("if-match")
    assert increment.call is not None
    assert increment.call.headers["If-Match"] == '"v4"'
    increment.proceed(412, {}, b"{}")
    assert sent(increment) == ("GET", URL)
    assert 0 <= increment.call.pause <= FIRST_PAUSE
    increment.proceed(200, {"ETag": '"v9"'}, b'{"value":9}')
    assert increment.call.headers["If-Match"] == '"v9"'
    assert json.loads(increment.call.body or b"") == {"value": 10}


def test_if_match_gives_up_with_a_409() -> None:
    """After so many tries, with pauses that do not grow for ever."""
    increment = has_read("if-match")
    pauses = []
    for _ in range(TRIES):
        increment.proceed(412, {}, b"{}")
        assert increment.call is not None
        pauses.append(increment.call.pause)
        increment.proceed(200, {"ETag": '"x"'}, b'{"value":9}')
    assert increment.call is None
    assert increment.response.status_code == 409
    assert max(pauses) <= LONGEST_PAUSE


def test_atomic_lets_the_backend_add() -> None:
    """Without a read, and with the client's key."""
    increment = started("atomic", "8e03978e")
    assert sent(increment)[1].endswith("/increment?delay=0.5")
    increment.proceed(200, {}, b'{"message":"success"}')
    assert sent(increment) == ("POST", f"{URL}/increments")
    assert increment.call is not None
    assert increment.call.headers == {"Idempotency-Key": "8e03978e"}


@pytest.mark.parametrize("calls", [0, 1, 2])
def test_an_error_ends_it(calls: int) -> None:
    """At whatever call; its status is passed on, and nothing more is sent."""
    increment = started("plain")
    for _ in range(calls):
        increment.proceed(200, {"ETag": '"v"'}, b'{"value":1}')
    increment.proceed(503, {}, b"secret")
    assert increment.call is None
    assert increment.response.status_code == 503


@pytest.mark.parametrize("body", [b"", b"{}", b'{"value":"1"}', b"<html>"])
def test_what_is_no_counter_is_not_counted(body: bytes) -> None:
    """Nothing is written back."""
    increment = started("plain")
    increment.proceed(200, {"ETag": '"v"'}, body)
    with pytest.raises(InvalidResponse):
        increment.proceed(200, {}, b"{}")
