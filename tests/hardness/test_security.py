"""Nobody outside can choose whom a gateway calls, put a header into a response, or read a secret in a log."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from services.gateway.app import MODULES
from services.lab.process import LOOPBACK, SOURCES, Service
from tests.client import get
from tests.hardness.closing import ClosingBackend, closing_backend
from tests.inflight.server import read_all
from tests.services.gateway.faulty import GOOD, response
from tests.stage import Stage

pytestmark = pytest.mark.long

PASSWORD = "s3cr3t-of-the-backend"
TARGETS = [
    "http://{elsewhere}/task1",
    "https://{elsewhere}/task1",
    "//{elsewhere}/task1",
    "/http://{elsewhere}/task1",
    "/@{elsewhere}",
    "/task1@{elsewhere}",
    "/..%2f..%2f{elsewhere}",
    "/%2f%2f{elsewhere}/task1",
    "/%5c%5c{elsewhere}",
    "/task1%2f..%2f..%2f",
    "/task1%00",
    "/%252e%252e%252ftask1",
    "/task1;@{elsewhere}",
    "/task1%23@{elsewhere}",
    "/task1%3fdelay=0",
    "/task1?delay=0%26status=500",
    "/task1?delay=0#@{elsewhere}",
    "/task1?url=http://{elsewhere}/",
    "/./task1",
    "/../task1",
]
HEADERS = [
    "Host: {elsewhere}",
    "Host: backend\r\nX-Forwarded-Host: {elsewhere}",
    "Host: x\r\nForwarded: host={elsewhere};proto=https",
    "Host: x\r\nX-Original-URL: http://{elsewhere}/task1\r\nX-Rewrite-URL: /admin",
    "Host: x\r\nProxy: http://{elsewhere}",
]


def spoken(service: Service, data: str) -> bytes:
    """Return all that comes back for a raw request."""
    with socket.create_connection((LOOPBACK, service.port), timeout=20) as connection:
        connection.sendall(data.encode())
        return read_all(connection)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[ClosingBackend]:
    """A server that nobody was told to call."""
    with closing_backend(lambda _connection, _number: response(GOOD)) as backend:
        yield backend


@pytest.fixture(scope="module")
def gateways() -> Iterator[dict[str, Service]]:
    """A gateway of each mode in front of a real backend, in whose environment a proxy is set."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as environment:
        environment.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        environment.setenv("http_proxy", "http://127.0.0.1:1")
        stage = Stage(stack)
        yield stage.gateways(stage.backend(delay=0, log_level="warning"), log_level="warning")


@pytest.mark.parametrize("mode", MODULES)
def test_no_target_and_no_header_redirects_a_call(
    gateways: dict[str, Service], elsewhere: ClosingBackend, mode: str
) -> None:
    """Absolute targets, encoded slashes, `..`, Host and its relatives, a proxy in the environment: nobody hears."""
    place = elsewhere.url.removeprefix("http://")
    for target in TARGETS:
        data = spoken(
            gateways[mode], f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".format(elsewhere=place)
        )
        assert int(data.split()[1]) in {200, 400, 404, 422}, target
    for headers in HEADERS:
        data = spoken(
            gateways[mode], f"GET /task1 HTTP/1.1\r\n{headers}\r\nConnection: close\r\n\r\n".format(elsewhere=place)
        )
        assert data.startswith(b"HTTP/1.1 200"), headers
    assert elsewhere.received == []


@pytest.mark.parametrize("mode", MODULES)
def test_no_input_puts_a_header_into_an_answer(gateways: dict[str, Service], mode: str) -> None:
    """Line breaks in the task and in the query come back, if at all, inside JSON."""
    for target in ("/task1%0d%0aX-Evil:%201", "/task1?delay=0%0d%0aX-Evil:%201", "/task1?status=200%0d%0aX-Evil:%201"):
        data = spoken(gateways[mode], f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert data.startswith(b"HTTP/1.1 422"), target
        head = data.partition(b"\r\n\r\n")[0].lower()
        assert b"x-evil" not in head


@pytest.mark.parametrize("mode", MODULES)
def test_the_backends_headers_stay_behind(stage: Stage, mode: str) -> None:
    """Cookies, locations, folded and broken headers of the backend do not reach the client."""
    evil = response(
        GOOD,
        "200 Fine\tX-Evil: 1",
        "Set-Cookie: a=b",
        "X-Evil: 1",
        "Location: http://evil.example/",
        "Server-Timing: x",
    )
    with closing_backend(lambda _connection, _number: evil) as backend:
        got = get(stage.gateway(mode, backend.url, log_level="warning").url + "/task1")
    assert got.status == 200
    names = {name for name, _ in got.headers}
    assert names == {"date", "content-length", "content-type", "server-timing"}
    assert "dur=" in (got.header("server-timing") or "")


@pytest.mark.parametrize("mode", MODULES)
def test_the_backends_password_is_in_no_log_and_no_answer(stage: Stage, mode: str) -> None:
    """A BACKEND_URL may hold one. Good responses, broken ones, none at all: it is never shown."""
    with closing_backend(lambda connection, _number: response(GOOD) if connection == 1 else b"") as backend:
        url = backend.url.replace("://", f"://user:{PASSWORD}@")
        gateway = stage.gateway(mode, url, log_level="debug")
        responses = [get(f"{gateway.url}/task{number}") for number in range(2)]
        backend.plan = lambda _connection, _number: b""
        responses += [get(f"{gateway.url}/task3"), get(f"{gateway.url}/task3?status=x"), get(f"{gateway.url}/a/b")]
    responses += [get(f"{gateway.url}/task4"), get(f"{gateway.url}/openapi.json"), get(f"{gateway.admin_url}/metrics")]
    assert [each.status for each in responses] == [200, 200, 502, 422, 404, 502, 200, 200]
    assert not [each for each in responses if PASSWORD in each.text or PASSWORD in str(each.headers)]
    gateway.stop()
    gateway.wait()
    assert len(stage.said) > 5
    assert not [line for _, line in stage.said if PASSWORD in line]


@pytest.mark.parametrize(
    "url",
    [
        "http://user:{}@host/?query",
        "http://user:{}@host:99999",
        "ftp://user:{}@host",
        "user:{}@host",
        "http://us=er:a@{}=@host:x",
        "http://user:{} a@host:99999",
    ],
)
def test_a_bad_url_is_named_without_its_password(url: str) -> None:
    """The one line that says what is wrong with a setting is no place for a secret."""
    environment = {**os.environ, "BACKEND_URL": url.format(PASSWORD)}
    run = subprocess.run(
        [sys.executable, "-m", "services.gateway"],
        cwd=SOURCES,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 2
    assert run.stderr.startswith("BACKEND_URL=")
    assert PASSWORD not in run.stderr + run.stdout
