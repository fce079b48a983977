"""The case in which nothing in the process can respond: C code keeps the interpreter's lock."""

from __future__ import annotations

import re
import socket
import sys
from contextlib import ExitStack

import pytest

from tests.eventually import eventually
from tests.inflight.run.service import serving

pytestmark = [pytest.mark.long, pytest.mark.skipif(sys.platform != "linux", reason="the kernel's queue is Linux's")]
HELD = 6000
"""Milliseconds; a busy machine takes its time to ask."""


def test_the_admin_port_responds_for_a_process_that_cannot() -> None:
    """What it says is true: since when it has not responded, how many connections are unread; the rest is absent."""
    with serving("gil:app") as service, ExitStack() as stack:
        assert service.get("/livez").body == b'"ok"'
        assert service.page("/livez").body == b"ok\n"
        (search,) = service.at_once(1, f"/search?ms={HELD}")
        eventually(lambda: service.metrics().value("http_requests_in_flight"), None)
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", service.port))) for _ in range(4)]
        for client in clients:
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        said = ""
        while "has not responded" not in said:
            assert not search.done(), said
            response = service.page("/livez")
            said = response.body.decode()
        metrics = service.metrics()
        assert not search.done()
        assert response.status == 200
        assert response.seconds < 2
        assert re.fullmatch(r"ok\nworker 1 \(pid \d+\) has not responded for \d\.\d s; 4 connections unread\n", said), (
            said
        )
        assert metrics.value("http_requests_waiting", queue="kernel") == 4
        stalled = metrics.value("event_loop_stalled_seconds")
        assert stalled is not None
        assert stalled > 1
        assert {sample.name for sample in metrics.samples} == {"event_loop_stalled_seconds", "http_requests_waiting"}
        assert service.page("/readyz").status == 200
        assert search.result().status == 200
        for client in clients:
            assert client.recv(4096).startswith(b"HTTP/1.1 200 OK")
        metrics = service.metrics()
        late = metrics.value("event_loop_lag_seconds_sum")
        assert late is not None
        assert late > HELD / 1000 - 1
        waited = metrics.value("http_request_wait_seconds_sum", queue="kernel")
        assert waited is not None
        assert waited > 4
