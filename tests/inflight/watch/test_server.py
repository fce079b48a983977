"""What `watch` serves to Prometheus and to probes."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from threading import Thread

import pytest
from prometheus_client.parser import text_string_to_metric_families

from inflight.watch.metrics import text
from inflight.watch.port import Port
from inflight.watch.server import MetricsServer
from inflight.watch.watcher import KernelError, Look, Watcher
from tests.eventually import eventually
from tests.inflight.watch.servers import LOOPBACK, free_port, requests

Samples = dict[tuple[str, str | None], float]


def samples(exposition: str) -> Samples:
    """Return what Prometheus would read: the value of each name and port."""
    families = text_string_to_metric_families(exposition)
    return {(each.name, each.labels.get("port")): each.value for family in families for each in family.samples}


@contextmanager
def serving(watcher: Watcher) -> Iterator[MetricsServer]:
    """Serve until the block ends."""
    with MetricsServer(LOOPBACK, 0, watcher) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def get(port: int, path: str, method: str = "GET") -> tuple[HTTPResponse, str]:
    """Return the response and its body."""
    connection = HTTPConnection(LOOPBACK, port, timeout=20)
    connection.request(method, path)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response, body


def test_the_metrics_are_those_of_the_design() -> None:
    """A series a port and name; the counters are the network namespace's."""
    port = Port(port=8000, accept_queue=3, accept_queue_limit=128, unread=2, oldest_unread_seconds=1.5)
    assert samples(text(Look(ports=[port], listen_overflows=7, listen_drops=9))) == {
        ("tcp_accept_queue", "8000"): 3,
        ("tcp_accept_queue_limit", "8000"): 128,
        ("tcp_unread_connections", "8000"): 2,
        ("tcp_oldest_unread_seconds", "8000"): 1.5,
        ("tcp_listen_overflows_total", None): 7,
        ("tcp_listen_drops_total", None): 9,
    }


def test_what_is_unknown_has_no_series() -> None:
    """A zero would be a claim."""
    ports = [Port(port=8000, listening=False), Port(port=8001, accept_queue=0, unread=0)]
    found = samples(text(Look(ports=ports, listen_overflows=None, listen_drops=None)))
    assert found == {("tcp_accept_queue", "8001"): 0, ("tcp_unread_connections", "8001"): 0}


@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")
def test_each_scrape_is_a_look() -> None:
    """Also when the server is older than what it watches, or is there no more."""
    port = free_port()
    with serving(Watcher([port])) as admin:

        def unread() -> float | None:
            response, body = get(admin.port, "/metrics")
            assert response.getheader("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
            return samples(body).get(("tcp_unread_connections", str(port)))

        assert unread() is None
        with socket.create_server((LOOPBACK, port)), requests(port, 3):
            eventually(unread, 3)
        assert unread() is None


def test_probes_and_what_is_not_there() -> None:
    """In plain text, by HTTP's rules."""
    with serving(Watcher([free_port()])) as admin:
        for path in ("/livez", "/readyz?verbose"):
            response, body = get(admin.port, path)
            assert (response.status, body) == (200, "ok\n")
        assert get(admin.port, "/")[0].status == 404
        response, body = get(admin.port, "/metrics", "DELETE")
        assert (response.status, response.getheader("Allow")) == (405, "GET, HEAD")
        response, body = get(admin.port, "/livez", "HEAD")
        assert (response.status, response.getheader("Content-Length"), body) == (200, "3", "")


def test_a_client_that_sends_nothing_holds_up_nobody() -> None:
    """Each connection has a thread; rubbish gets a response, too."""
    with serving(Watcher([free_port()])) as admin, socket.create_connection((LOOPBACK, admin.port)) as silent:
        assert get(admin.port, "/livez")[0].status == 200
        silent.sendall(b"\xff\x00\r\n\r\n")
        assert silent.recv(100).startswith(b"HTTP/1.1 405")


def test_a_kernel_that_tells_nothing_is_an_error_not_an_empty_page() -> None:
    """Prometheus then knows that the scrape failed."""

    class Blind(Watcher):
        def look(self) -> Look:
            raise KernelError("nothing can be read here")

    with serving(Blind()) as admin:
        response, body = get(admin.port, "/metrics")
        assert (response.status, body) == (503, "nothing can be read here\n")


@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")
def test_the_command_serves_until_it_is_ended() -> None:
    """It waits for a server that is not there yet, prints where the metrics are, and ends at SIGTERM with 0."""
    port, admin = free_port(), free_port()
    command = [sys.executable, "-m", "inflight", "watch", str(port), "--admin-port", str(admin)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"metrics at http://{LOOPBACK}:{admin}/metrics\n"
        assert get(admin, "/readyz")[0].status == 200
        second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 2
        assert second.stderr == f"inflight watch: cannot listen on {LOOPBACK}:{admin}: address already in use\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_it_serves_without_what_the_terminal_and_the_library_need() -> None:
    """That is how it stays below 20 MB."""
    program = (
        "import sys, inflight.cli, inflight.watch.command, inflight.watch.server;"
        "print(sorted({'rich', 'typer', 'prometheus_client', 'http.server', 'asyncio', 'ssl'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert found.stdout == "[]\n"
