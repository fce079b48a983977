"""A service in a thread of this process, with little patience for what does not come, and bytes to try it with."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi import FastAPI

from services import slow_clients
from services.backend.app import build
from services.settings import BackendSettings
from services.start import _server
from services.telemetry import Telemetry
from tests.eventually import eventually
from tests.telemetry.server import Served, read_all

HEAD = b"GET /task1 HTTP/1.1\r\nHost: x\r\n"


@contextmanager
def served_backend() -> Iterator[Served]:
    """Serve the backend; requests are due within half a second."""
    settings, telemetry = BackendSettings(delay=0, log_level="error"), Telemetry()
    with served(build(settings, telemetry), settings, telemetry) as backend:
        yield backend


@contextmanager
def served(application: FastAPI, settings: BackendSettings, telemetry: Telemetry) -> Iterator[Served]:
    """Serve the application as a service does, with little patience for what does not come."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(slow_clients, "REQUEST_TIMEOUT", 0.5)
        patched.setattr(slow_clients, "SWEEP", 0.05)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            server = _server(settings, application, telemetry, port)
            thread = threading.Thread(target=server.run, args=([listener],))
            thread.start()
            try:
                eventually(server.trouble, None)
                yield Served(port, telemetry, server)
            finally:
                server.should_exit = True
                thread.join(20)


def sent(backend: Served, data: bytes) -> bytes:
    """Return all that comes back for these bytes, until the server closes the connection."""
    with backend.connect() as connection:
        connection.sendall(data)
        return read_all(connection)


def refusal(answer: bytes) -> int:
    """Return the status of an answer that must be a problem, alone on its connection."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    assert json.loads(body)["status"] == status
    return status
