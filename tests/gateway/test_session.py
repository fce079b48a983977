"""The blocking gateways' session: which connections it uses again."""

from __future__ import annotations

from time import monotonic, sleep
from typing import Any

import pytest
from urllib3 import HTTPConnectionPool

from services.gateway import session
from services.gateway.session import requests_session
from services.start import IDLE_TIMEOUT
from tests.hardness.closing import CLOSE_AFTER, WHOLE, closing_backend


def test_a_connection_is_kept() -> None:
    """Blocking is the only difference between the gateways: all three keep their connections."""
    with closing_backend(lambda _connection, _number: WHOLE) as backend, requests_session() as kept:
        for _ in range(3):
            kept.get(backend.url)
    assert backend.received == [(1, 1), (1, 2), (1, 3)]


def test_a_connection_that_idled_too_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server may be about to close it; a new one costs less than a broken request."""
    now = [monotonic()]
    monkeypatch.setattr(session, "monotonic", lambda: now[0])
    with closing_backend(lambda _connection, _number: WHOLE) as backend, requests_session() as kept:
        for idle in (0.0, session.IDLE_LIMIT - 1, session.IDLE_LIMIT + 1):
            now[0] += idle
            kept.get(backend.url)
    assert backend.received == [(1, 1), (1, 2), (2, 1)]


def test_clients_give_a_connection_up_before_our_servers_do() -> None:
    """Else a request could cross the server's closing."""
    assert session.IDLE_LIMIT < IDLE_TIMEOUT


def test_a_backend_s_cookie_is_kept_for_nobody() -> None:
    """The session is every client's: what the backend said to one must not be sent for the next."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: who=alice\r\n\r\n"
    with closing_backend(lambda _connection, _number: answer) as backend, requests_session() as kept:
        first = kept.get(backend.url)
        second = kept.get(backend.url)
    assert first.headers["set-cookie"] == "who=alice"
    assert "cookie" not in second.request.headers
    assert not kept.cookies


def test_both_tries_share_one_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend that breaks a kept connection late leaves little time for the second try."""
    now, given = [monotonic()], list[float]()
    monkeypatch.setattr(session, "monotonic", lambda: now[0])

    def plan(connection: int, number: int) -> bytes | None:
        if (connection, number) == (1, 2):
            now[0] += 20
            return CLOSE_AFTER
        return WHOLE

    def noted(pool: HTTPConnectionPool, *args: Any, **kwargs: Any) -> Any:
        given.append(kwargs["timeout"].read_timeout)
        return made(pool, *args, **kwargs)

    made = HTTPConnectionPool._make_request
    monkeypatch.setattr(HTTPConnectionPool, "_make_request", noted)
    with closing_backend(plan) as backend, requests_session() as kept:
        for _ in range(2):
            kept.get(backend.url, timeout=(30, 30))
    assert backend.received == [(1, 1), (1, 2), (2, 1)]
    assert given == [30, 30, pytest.approx(10)]


def test_a_second_try_without_a_timeout_has_none() -> None:
    """No limit is not the shortest one: the backend takes its time with the second."""

    def plan(connection: int, number: int) -> bytes | None:
        if connection == 2:
            sleep(0.05)
        return CLOSE_AFTER if (connection, number) == (1, 2) else WHOLE

    with closing_backend(plan) as backend, requests_session() as kept:
        for _ in range(2):
            assert kept.get(backend.url, timeout=None).ok
    assert backend.received == [(1, 1), (1, 2), (2, 1)]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_every_connection_passes_over_what_is_said_in_between(scheme: str) -> None:
    """That it does is shown by the faults of a backend without TLS; a connection with TLS reads answers by the same."""
    with requests_session() as kept:
        adapter: Any = kept.get_adapter(f"{scheme}://backend")
        pool = adapter.poolmanager.connection_from_url(f"{scheme}://backend")
        assert pool.ConnectionCls.response_class is session._Answer
