"""A service as a user starts it: a process of its own, bare or under `inflight run`, and a client for it."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from time import perf_counter

from prometheus_client.parser import text_string_to_metric_families

from inflight.server_timing import parse_server_timing
from tests.eventually import eventually
from tests.ports import listened_on

BARE = ("-P", "-m", "uvicorn")
MEASURED = ("-P", "-m", "inflight.run")
CASES = Path(__file__).parent.parent / "cases" / "services"
LIMIT = 60.0
"""Seconds that a busy machine may take for one thing."""
LISTENS = r"Uvicorn running on https?://\S+?:(\d+) "
ADMIN = r"inflight: metrics at http://\S+:(\d+)/metrics"


@dataclass(frozen=True)
class Response:
    """A response, and the seconds until it was there."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def timing(self) -> dict[str, float]:
        """The ledger that came with it, in seconds."""
        return parse_server_timing(self.headers.get("server-timing", ""))


class Metrics:
    """One scrape."""

    def __init__(self, text: str) -> None:
        self.samples = [each for family in text_string_to_metric_families(text) for each in family.samples]

    def value(self, name: str, **labels: str) -> float | None:
        """Return the sum of the samples with these labels, and any others; None where there is none."""
        found = [each.value for each in self.samples if each.name == name and labels.items() <= each.labels.items()]
        return sum(found) if found else None


class Service:
    """A running service."""

    def __init__(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said = ""
        self.port = self.admin = 0
        self.host = "127.0.0.1"
        self.tls = False
        self.uds: str | None = None
        self._changed = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._pool = ThreadPoolExecutor(200)

    def until(self, pattern: str, after: int = 0) -> re.Match[str]:
        """Return the first match in what it has said beyond the character `after`; fail when it ends before."""
        with self._changed:
            self._changed.wait_for(lambda: re.search(pattern, self.said[after:]) or self._ended, LIMIT)
            found = re.search(pattern, self.said[after:])
        assert found, f"{pattern!r} was not said, but: {self.said}"
        return found

    def get(
        self, path: str, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Send one request on a connection of its own."""
        return respond_to(self._connection(), path, method, body, headers)

    def at_once(self, count: int, path: str, method: str = "GET") -> list[Future[Response]]:
        """Send requests, each from a thread of its own."""
        return [self._pool.submit(self.get, path, method) for _ in range(count)]

    def page(self, path: str, headers: Mapping[str, str] | None = None) -> Response:
        """Ask the admin port."""
        return respond_to(HTTPConnection("127.0.0.1", self.admin, timeout=LIMIT), path, headers=headers)

    def metrics(self) -> Metrics:
        """Return a scrape."""
        response = self.page("/metrics")
        assert response.status == 200, response
        return Metrics(response.body.decode())

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and return the exit status."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Return the exit status when all of its processes have ended."""
        status = self.process.wait(LIMIT)
        self._reader.join(LIMIT)
        assert not self._reader.is_alive(), "something of it is left running"
        return status

    def close(self) -> None:
        """End whatever is left of it."""
        if self.process.poll() is None or self._reader.is_alive():
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(LIMIT)
        self._pool.shutdown()
        self._reader.join(LIMIT)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _connection(self) -> HTTPConnection:
        if self.uds is not None:
            return UnixConnection(self.uds)
        if not self.tls:
            return HTTPConnection(self.host, self.port, timeout=LIMIT)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return HTTPSConnection(self.host, self.port, timeout=LIMIT, context=context)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.said += line
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


class UnixConnection(HTTPConnection):
    """A connection to a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=LIMIT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LIMIT)
        self.sock.connect(self._path)


def respond_to(
    connection: HTTPConnection,
    path: str,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Send one request, and close the connection."""
    began = perf_counter()
    try:
        connection.request(method, path, body, {"Connection": "close", **(headers or {})})
        response = connection.getresponse()
        data = response.read()
    finally:
        connection.close()
    fields = {name.lower(): value for name, value in response.getheaders()}
    return Response(response.status, fields, data, perf_counter() - began)


@contextmanager
def started(
    *arguments: str,
    launcher: Sequence[str] = MEASURED,
    folder: Path = CASES,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Service]:
    """Start a process, and end all of it when the block is left."""
    service = Service([*launcher, *arguments], folder, environment or {})
    try:
        yield service
    finally:
        service.close()


@contextmanager
def serving(
    application: str,
    *options: str,
    launcher: Sequence[str] = MEASURED,
    folder: Path = CASES,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Service]:
    """Serve an application on free ports, and wait until it does."""
    own = ["--admin-port", "0"] if launcher == MEASURED else []
    port = [] if {"--uds", "--fd"} & set(options) else ["--port", "0"]
    with started(application, *port, *own, *options, launcher=launcher, folder=folder, environment=environment) as it:
        it.tls = "--ssl-certfile" in options
        it.uds = options[options.index("--uds") + 1] if "--uds" in options else None
        if port:
            it.port = int(it.until(LISTENS)[1])
        if own:
            it.admin = int(it.until(ADMIN)[1])
        it.until("Application startup complete|ASGI 'lifespan' protocol appears unsupported")
        if {"--reload", "--workers"} & set(options):  # uvicorn's workers say that before they listen
            eventually(lambda: listened_on(it.port), wanted=True)
        yield it
