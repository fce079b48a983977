"""`inflight top` against a service: live on a terminal, one picture in a pipe."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus

import pytest
from prometheus_client import CollectorRegistry, Gauge

from inflight.admin import AdminServer
from inflight.requests.page import requests_page
from inflight.telemetry import Telemetry
from inflight.terminal.errors import CommandError
from inflight.top.command import top
from inflight.top.keys import keys
from inflight.top.source import Source, SourceError
from tests.ports import free_ports

WITHIN = 30.0
"""Seconds."""


@contextmanager
def admin(port: int = 0, telemetry: Telemetry | None = None) -> Iterator[int]:
    """Serve an admin port, and return its number."""
    telemetry = telemetry or Telemetry()
    server = AdminServer("127.0.0.1", port, telemetry.registry, pages={"/requests": requests_page(telemetry)})
    server.start()
    try:
        yield server.port
    finally:
        server.close()


class Terminal:
    """A command that runs on a terminal of its own."""

    def __init__(self, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "30"}
        command = [sys.executable, "-m", "inflight", "top", *arguments]
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
        os.close(theirs)
        self.said = ""

    def until(self, text: str) -> None:
        """Read until the command has said this since the last time."""
        deadline = time.monotonic() + WITHIN
        while text not in self.said:
            assert time.monotonic() < deadline, self.said[-2000:]
            if select.select([self._ours], [], [], 0.1)[0]:
                self.said += os.read(self._ours, 65536).decode(errors="replace")
        self.said = self.said.partition(text)[2]

    def press(self, key: str) -> None:
        """Press a key."""
        os.write(self._ours, key.encode())

    def close(self) -> None:
        """Stop the command."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        with suppress(OSError):
            os.close(self._ours)


@contextmanager
def terminal(*arguments: str) -> Iterator[Terminal]:
    """Run the command on a terminal."""
    running = Terminal(*arguments)
    try:
        yield running
    finally:
        running.close()


def test_one_picture_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal it is one picture, without colours."""
    with admin() as port:
        assert top(f"http://127.0.0.1:{port}", once=False) == 0
    said = capsys.readouterr().out
    assert "no requests in flight" in said
    assert "\x1b" not in said


def test_nobody_there_is_an_error() -> None:
    """One picture of nothing is an error, in one line and without what a URL keeps secret."""
    ((port, _),) = free_ports(1)
    with pytest.raises(CommandError, match=rf"^cannot read http://127\.0\.0\.1:{port}: connection refused$"):
        top(f"http://name:secret@127.0.0.1:{port}", once=True)


def test_a_host_that_there_cannot_be_is_an_error() -> None:
    """Python refuses it before the system is asked."""
    with pytest.raises(CommandError, match=r"^cannot read http://a\.\.b:9000: that is no host's name$"):
        top("http://a..b:9000", once=True)


def test_another_service_is_an_error() -> None:
    """What has no metrics is no admin port, and what they cannot be read from is none either."""
    registry = CollectorRegistry()
    Gauge("queue", "Depth.", registry=registry).set(1)  # of a database's, or of `inflight watch`
    server = AdminServer("127.0.0.1", 0, registry)
    server.start()
    try:
        source = Source(f"http://127.0.0.1:{server.port}/metrics")
        with pytest.raises(SourceError, match="its /metrics has nothing of requests"):
            source.read()
        Gauge("event_loop_stalled_seconds", "Of a service's own registry.", registry=registry)
        assert source.read().missing == f"/requests responds with {int(HTTPStatus.NOT_FOUND)}"
        with pytest.raises(SourceError, match="/metrics responds with 404"):
            Source(f"http://127.0.0.1:{server.port}/livez").read()
    finally:
        server.close()


@pytest.mark.parametrize("document", [b"[]", b'{"requests":[{"id":1}]}', b"{}", b"no JSON"])
def test_another_document_is_an_error(document: bytes) -> None:
    """A service of the user's may have a page of that name."""
    page = {"/requests": lambda _headers, _client: (HTTPStatus.OK, "application/json", document)}
    server = AdminServer("127.0.0.1", 0, CollectorRegistry(), pages=page)
    server.start()
    try:
        with pytest.raises(SourceError, match="that is no admin port: "):
            Source(f"http://127.0.0.1:{server.port}").read()
    finally:
        server.close()


def test_keys_and_restart() -> None:
    """It follows the keys, says when the service is gone, goes on when it is back, and ends with q."""
    ((port, _),) = free_ports(1)
    with terminal(f"http://127.0.0.1:{port}") as running:
        running.until("does not respond: connection refused; trying again")
        with admin(port):
            running.until("no requests in flight")
        running.until("does not respond")
        with admin(port):
            running.until("no requests in flight")
            running.press("l")
            running.press("q")
            assert running.process.wait(WITHIN) == 0


def test_terminal_is_as_it_was() -> None:
    """After it has ended, the terminal shows what is typed again."""
    with admin() as port, terminal(f"http://127.0.0.1:{port}") as running:
        running.until("no requests in flight")
        running.press("\x04")
        assert running.process.wait(WITHIN) == 0
        running.until("\x1b[?1049l")  # back from the alternate screen


def test_without_standard_input_no_key_ever_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was closed before the program began."""
    monkeypatch.setattr(sys, "stdin", None)
    with keys() as ask:
        assert ask(0) == ""


@pytest.mark.alone
def test_it_costs_the_service_nothing() -> None:
    """One reading takes a service less than a hundredth of a second of its processor, and there is one each second."""
    telemetry = Telemetry()
    with admin(telemetry=telemetry) as port:
        source = Source(f"http://127.0.0.1:{port}")
        source.read()
        began = time.process_time()
        for _ in range(20):
            source.read()
        took = (time.process_time() - began) / 20
    assert took < 0.05  # of which most is spent here, in the same process, to read it
