"""A service's process: it starts, it is ready, it ends, and if it does not want to, it is ended."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inflight.terminal.errors import CommandError
from services.lab import process
from services.lab.process import Service
from tests.ports import free_ports

pytestmark = pytest.mark.long

READY = """
import os, signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *args): pass
print("PORT", os.environ["PORT"], os.environ["COLOUR"], flush=True)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
HTTPServer(("127.0.0.1", int(os.environ["ADMIN_PORT"])), Handler).serve_forever()
"""
"""Ready at once, deaf to SIGTERM."""


@contextmanager
def service(folder: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> Iterator[tuple[Service, list[str]]]:
    """Yield a service made of a source text, not yet started, and what it prints."""
    (folder / "strange_service.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    lines: list[str] = []
    made = Service(
        "strange",
        "strange_service",
        free_ports(1)[0],
        {"COLOUR": "red"},
        lambda name, line: lines.append(f"{name}: {line}"),
    )
    try:
        yield made, lines
    finally:
        made.stop()
        made.wait()


def up(strange: Service) -> None:
    """Start the service, and return when it is ready."""
    strange.start()
    asyncio.run(strange.ready())


def test_a_service_that_will_not_stop_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked first; when its time is over it is killed, and what it printed up to then was passed on."""
    monkeypatch.setattr(process, "STOPPED_WITHIN", 0.2)
    with service(tmp_path, monkeypatch, READY) as (strange, lines):
        up(strange)
        assert not strange.end
        strange.stop()
        strange.wait()
        assert strange.end
    assert lines == [f"strange: PORT {strange.port} red"]


def test_a_service_is_caught_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a pipe holds, by the time that it is ready."""
    source = READY.replace("print(", "print(('x' * 99 + '\\n') * 2000, end=''); print(", 1)
    with service(tmp_path, monkeypatch, source) as (strange, lines):
        monkeypatch.setattr(process, "STOPPED_WITHIN", 0.2)
        up(strange)
        asyncio.run(strange.caught_up())
        assert len(lines) == 2001


def test_a_service_that_ends_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last lines are in the error, standard error's too."""
    source = "import sys; print('first'); sys.exit('no more')"
    with service(tmp_path, monkeypatch, source) as (strange, _), pytest.raises(CommandError) as caught:
        up(strange)
    assert str(caught.value) in {
        "strange did not start: first / no more",
        "strange did not start: no more / first",
    }


def test_a_service_that_prints_nothing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error without words is still a line."""
    with service(tmp_path, monkeypatch, "") as (strange, _), pytest.raises(CommandError, match="it printed nothing"):
        up(strange)


def test_a_service_that_is_never_ready_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time, the error has its last line."""
    monkeypatch.setattr(process, "READY_WITHIN", 0.0)
    source = "import time; time.sleep(600)"
    with (
        service(tmp_path, monkeypatch, source) as (strange, _),
        pytest.raises(CommandError, match="not ready within 0 s"),
    ):
        up(strange)
    assert strange.end


def test_what_was_never_started_can_be_stopped() -> None:
    """Stopping is safe at any moment."""
    strange = Service("strange", "nothing", (1, 2), {}, lambda _name, _line: None)
    strange.stop()
    strange.wait()
    assert not strange.end
    assert (strange.url, strange.admin_url) == ("http://127.0.0.1:1", "http://127.0.0.1:2")
    assert "nothing" not in sys.modules


def test_a_service_that_cannot_be_started_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the program and the reason."""
    monkeypatch.setattr(sys, "executable", str(tmp_path))
    strange = Service("strange", "nothing", (1, 2), {}, lambda _name, _line: None)
    with pytest.raises(CommandError, match=f"^strange cannot be started: {tmp_path}: permission denied$"):
        strange.start()
