"""Every case bare and under `inflight run`, with the same load: measuring changes nothing that a client sees.

And what nobody watches is absent: no gauge, no series, no entry of a header, never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from time import perf_counter

import pytest

from tests.inflight.cases.test_frameworks import ASKED
from tests.inflight.cases.upstream import with_upstream
from tests.inflight.run.service import BARE, CASES, MEASURED, Response, Service, serving
from tests.ports import free_ports

pytestmark = pytest.mark.long

SAME_ORDER = 3.0
"""How many times longer the measured run may take; a busy machine makes some of it, a moved wait would make more."""
UPSTREAM_TAKES = 0.3
"""Seconds."""
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
PHOTO = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + bytes(100_000) + b"\r\n--x--\r\n"

Load = Callable[[Service], list[Response]]


def gets(*paths: str, count: int = 1, method: str = "GET") -> Load:
    """Return a load: each path so many times, all at once."""

    def load(service: Service) -> list[Response]:
        calls = [call for path in paths for call in service.at_once(count, path, method)]
        return [call.result() for call in calls]

    return load


def uploads(service: Service) -> list[Response]:
    return [service.get("/photo", "POST", PHOTO, FORM), service.get("/stream", "POST", bytes(3_000_000))]


def sign_ups(service: Service) -> list[Response]:
    posted = gets("/signup", "/signup_sync", count=3, method="POST")(service)
    return [*posted, *gets("/ping", "/def")(service)]


LOADS: dict[str, Load] = {
    "aiohttp_100": gets("/article", count=20),
    "async_db_pool": gets("/verify", "/dep", count=6),
    "background": sign_ups,
    "culprit": gets("/game/unread", "/game/feed/1", "/game/results/7", count=2),
    "default_executor": gets("/sync", "/executor", count=6),
    "django_views": gets("/report/2024/", count=10),
    "gil": gets("/search?ms=500", "/livez"),
    "httpx_pool": gets("/chat", count=10),
    "launchers": gets("/invoices", count=2),
    "mounts": lambda service: [service.get(path) for path in ASKED],
    "response_model": gets("/invoice", "/ping", count=5),
    "streams": gets("/events", "/relay", count=5),
    "sync_dependency": gets("/report", "/me", "/session", count=20),
    "uploads": uploads,
    "workers": gets("/invoices", count=4),
}

POOLED = {"aiohttp_100", "async_db_pool", "httpx_pool"}
"""The cases that call somebody, through a pool of connections."""


def test_every_case_has_a_load() -> None:
    """None is left out; `slow` is their upstream."""
    assert {path.stem for path in CASES.glob("*.py")} - {"slow"} == set(LOADS)


@pytest.mark.parametrize("case", LOADS)
def test_nothing_changes(case: str) -> None:
    """Same statuses, same bodies, same order of magnitude in time; queues only where somebody watches them."""
    with started(case, BARE) as service:
        bare, bare_took = timed(LOADS[case], service)
    with started(case, MEASURED) as service:
        measured, took = timed(LOADS[case], service)
        metrics = service.metrics()
    assert [(each.status, each.body) for each in measured] == [(each.status, each.body) for each in bare]
    assert took < SAME_ORDER * bare_took + 1, (took, bare_took)
    queues = {"kernel", "loop", "thread", *({"pool"} if case in POOLED else set())}
    assert {each.labels["queue"] for each in metrics.samples if each.name == "http_requests_waiting"} == queues
    assert {
        each.labels["queue"] for each in metrics.samples if each.name == "http_request_wait_seconds_count"
    } <= queues
    entries = {*queues, "receive", "total", *({"upstream"} if case in POOLED else set())}
    assert {entry for each in measured for entry in each.timing} <= entries
    assert (metrics.value("http_client_requests_in_flight") is not None) == (case in POOLED)


def timed(load: Load, service: Service) -> tuple[list[Response], float]:
    """Return the responses in the requests' order, and the seconds of all."""
    began = perf_counter()
    return load(service), perf_counter() - began


def started(case: str, launcher: Sequence[str]) -> AbstractContextManager[Service]:
    """Return the running case."""
    if "UPSTREAM" in (CASES / f"{case}.py").read_text():
        return with_upstream(f"{case}:app", UPSTREAM_TAKES, launcher)
    if case != "workers":
        return serving(f"{case}:app", launcher=launcher)
    ((port, _),) = free_ports(1)  # with several workers, uvicorn says "running on port 0" where it was told 0
    return serving(f"{case}:app", "--workers", "2", "--port", f"{port}", launcher=launcher)
