"""The case that is started in every way that people start a service: in each the ledger is the same, or it is said."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.inflight.run.service import BARE, CASES, MEASURED, Metrics, Response, Service, serving, started

pytestmark = pytest.mark.long

QUEUES = {"kernel", "loop", "thread"}
"""What is watched of a service without any pool of connections."""
KINDS = [
    ["--http", "h11"],
    ["--http", "httptools", "--loop", "asyncio"],
    ["--http", "zttp"],
    ["--reset-contextvars", "--loop", "uvloop"],
    ["--proxy-headers", "--interface", "asgi3", "--no-access-log"],
    ["--host", "::1"],
    ["--reload"],
]
INSTRUMENTED = """
import inflight, os
from launchers import app as plain
app = inflight.instrument(plain, admin_port=int(os.environ["ADMIN"]))
if __name__ == "__main__":
    import uvicorn
    uvicorn.run(app, port=int(os.environ["PORT"]))
"""


def waited_in_turn(service: Service, waits: tuple[float, float] = (0.5, 1.5), queues: set[str] = QUEUES) -> None:
    """Send 3 at once to a handler that blocks for a second; fail unless the ledgers say that one waited for the others.

    The second for more than `waits[0]`, the third for more than `waits[1]`. And unless exactly these queues are in the
    ledgers and in the metrics: one that nobody watches is absent, and no 0.
    """
    responses = sorted((each.result() for each in service.at_once(3, "/invoices")), key=_before)
    assert {(each.status, each.body) for each in responses} == {(200, b'"done"')}
    entries = queues - {"thread"} | {"total"}
    assert all(entries <= each.timing.keys() <= {*entries, "receive"} for each in responses), responses
    assert _before(responses[1]) > waits[0]
    assert _before(responses[2]) > waits[1]
    eventually(lambda: service.metrics().value("http_requests_completed_total", route="/invoices", code="200"), 3)
    only(service.metrics(), queues)


def only(metrics: Metrics, queues: set[str]) -> None:
    """Fail unless these queues are in the metrics, and none else."""
    gauges = {each.labels["queue"] for each in metrics.samples if each.name == "http_requests_waiting"}
    histograms = {each.labels["queue"] for each in metrics.samples if each.name == "http_request_wait_seconds_count"}
    assert gauges == queues
    assert histograms <= queues
    assert metrics.value("connection_pool_size") is None
    assert metrics.value("http_client_requests_in_flight") is None


def _before(response: Response) -> float:
    return response.timing.get("kernel", 0) + response.timing["loop"]


@pytest.mark.parametrize("options", KINDS, ids=" ".join)
def test_uvicorns_options(options: list[str]) -> None:
    """Each protocol, loop and address has the same ledger."""
    if "::1" in options and not socket.has_ipv6:
        pytest.skip("there is no IPv6")
    with serving("launchers:app", *options) as service:
        service.host = options[1] if options[0] == "--host" else service.host
        waited_in_turn(service)


def test_a_unix_socket_has_no_kernel_wait(tmp_path: Path) -> None:
    """The kernel does not say how long bytes lay in one: it is absent. The socket's file is gone at the end."""
    path = tmp_path / "service.sock"
    with serving("launchers:app", "--uds", str(path)) as service:
        eventually(path.exists, wanted=True)  # the application has started a moment before
        waited_in_turn(service, (0, 0), {"loop", "thread"})
        assert path.exists()
        service.stop()
    assert not path.exists()


def test_a_descriptor_that_is_handed_over() -> None:
    """A listening socket of the user's own is served from."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        descriptor = listener.fileno()
        script = f"import os, sys; os.dup2({descriptor}, 3); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
        listener.set_inheritable(True)
        process = subprocess.Popen(
            [sys.executable, "-c", script, *MEASURED, "launchers:app", "--fd", "3", "--admin-port", "0"],
            cwd=CASES,
            close_fds=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        said = ""
        while "Uvicorn running on socket" not in said:
            said += process.stdout.readline()
        client = Service.__new__(Service)
        client.host, client.tls, client.uds = "127.0.0.1", False, None
        client.port = listener.getsockname()[1]
        assert {"kernel", "loop"} <= client.get("/invoices").timing.keys()
        process.terminate()
        process.communicate(timeout=30)


def test_tls(tmp_path: Path) -> None:
    """The same, encrypted; a client sends its request after the handshake, which waits in its turn."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    with serving("launchers:app", "--ssl-keyfile", str(key), "--ssl-certfile", str(certificate)) as service:
        waited_in_turn(service, (0, 0.5))


@pytest.mark.parametrize("http", ["h11", "httptools"])
def test_what_uvicorn_refuses_is_counted(http: str) -> None:
    """Beyond `--limit-concurrency` the application hears nothing, and each 503 is in the metrics with its route."""
    with serving("launchers:app", "--limit-concurrency", "2", "--http", http) as service:
        statuses = [each.result().status for each in service.at_once(8, "/invoices")]
        assert set(statuses) == {200, 503}
        for status in (200, 503):
            value = service.metrics().value(
                "http_requests_completed_total", method="GET", route="/invoices", code=str(status)
            )
            assert value == statuses.count(status)


def test_a_change_of_the_files_starts_the_service_again(tmp_path: Path) -> None:
    """With `--reload`, by uvicorn's own means; an application that cannot be loaded waits for the next change."""
    file = tmp_path / "changing.py"
    source = (CASES / "launchers.py").read_text()
    file.write_text(source)
    with serving("changing:app", "--reload", folder=tmp_path) as service:
        service.until("Application startup complete")
        _change(file, source.replace('"/invoices"', '"/bills"').replace("time.sleep(1)", "pass"))
        service.until("(?s)detected changes in 'changing.py'. Reloading.*startup complete")
        assert service.get("/bills").status == 200
        before = len(service.said)
        _change(file, "nonsense(")
        service.until("waiting for a change of the files", before)
        before = len(service.said)
        _change(file, source.replace("time.sleep(1)", "pass"))
        service.until("Application startup complete", before)
        assert service.get("/invoices").status == 200
        service.stop()


def _change(file: Path, text: str) -> None:
    import os

    later = file.stat().st_mtime + 10  # a file that is written twice in a moment has changed, too
    file.write_text(text)
    os.utime(file, (later, later))


@pytest.fixture
def instrumented(tmp_path: Path) -> Path:
    """A folder with the case, instrumented."""
    (tmp_path / "launchers.py").write_text((CASES / "launchers.py").read_text())
    (tmp_path / "own.py").write_text(INSTRUMENTED)
    return tmp_path


def _two_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


@pytest.mark.parametrize(
    "launcher",
    [
        [*BARE, "own:app", "--port", "PORT"],
        [*BARE, "own:app", "--port", "PORT", "--http", "h11", "--loop", "asyncio"],
        [*BARE, "own:app", "--port", "PORT", "--reload"],
        ["own.py"],
        ["-m", "gunicorn", "-k", "uvicorn_worker.UvicornWorker", "-b", "127.0.0.1:PORT", "own:app"],
        ["-m", "gunicorn", "--preload", "-k", "uvicorn_worker.UvicornWorker", "-b", "127.0.0.1:PORT", "own:app"],
    ],
    ids=["uvicorn", "h11", "reload", "uvicorn.run", "gunicorn", "gunicorn --preload"],
)
def test_an_instrumented_application_has_the_same_ledger(launcher: list[str], instrumented: Path) -> None:
    """Whoever starts it."""
    port, admin = _two_ports()
    command = [each.replace("PORT", str(port)) for each in launcher]
    environment = {"ADMIN": str(admin), "PORT": str(port), "PYTHONPATH": str(instrumented)}
    with started(*command, launcher=(), folder=instrumented, environment=environment) as service:
        service.port, service.admin = port, admin
        service.until("Application startup complete")
        eventually(lambda: _accepts(port), wanted=True)
        waited_in_turn(service)


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_what_another_server_does_not_show_is_absent_and_said(instrumented: Path) -> None:
    """Hypercorn's connections are not watched: no kernel, no loop, and a line that says so."""
    port, admin = _two_ports()
    command = ["-m", "hypercorn", "own:app", "-b", f"127.0.0.1:{port}"]
    with started(*command, launcher=(), folder=instrumented, environment={"ADMIN": str(admin)}) as service:
        service.port, service.admin = port, admin
        service.until("Running on")
        assert service.get("/invoices").timing.keys() <= {"receive", "total"}
        service.until("waits in kernel and loop are not measured")
        only(service.metrics(), {"thread"})


def test_an_instrumented_application_is_measured_once(instrumented: Path) -> None:
    """Under `inflight run` it needs no telemetry of its own, and no port."""
    with serving("own:app", folder=instrumented, environment={"ADMIN": "1"}) as service:
        response = service.get("/invoices")
        assert list(response.headers).count("server-timing") == 1
        assert response.headers["server-timing"].count("total") == 1
        assert service.metrics().value("http_requests_completed_total") == 1
        assert "cannot listen" not in service.said


def test_an_instrumented_application_heeds_the_environment(instrumented: Path) -> None:
    """As one under `inflight run` does; and a configuration of the log that forgets us takes nothing from us."""
    port, admin = _two_ports()
    source = (instrumented / "own.py").read_text()
    (instrumented / "own.py").write_text(
        f"{source}import logging.config\nlogging.config.dictConfig({{'version': 1}})\n"
    )
    environment = {"ADMIN": str(admin), "INFLIGHT_SERVER_TIMING": "off"}
    command = [*BARE, "own:app", "--port", str(port)]
    with started(*command, launcher=(), folder=instrumented, environment=environment) as service:
        service.port = port
        eventually(lambda: _accepts(port), wanted=True)
        assert "server-timing" not in service.get("/invoices").headers
        service.until("event loop blocked for")


def test_a_port_that_is_taken_does_not_keep_the_service_down(instrumented: Path) -> None:
    """It is a line in the log, and the service serves."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        admin = taken.getsockname()[1]
        port, _ = _two_ports()
        command = [*BARE, "own:app", "--port", str(port)]
        with started(*command, launcher=(), folder=instrumented, environment={"ADMIN": str(admin)}) as service:
            service.port = port
            service.until("Application startup complete")
            service.until(f"this process: cannot listen on 127.0.0.1:{admin}: the port is in use; set admin_port to")
            eventually(lambda: _accepts(port), wanted=True)
            assert service.get("/invoices").status == 200


def test_what_is_not_measured_of_http2_is_said() -> None:
    """Uvicorn hands such a connection to another protocol behind its first request."""
    with serving("launchers:app", "--http", "zttp", "--http2") as service:
        service.until("with --http2 only the first request of a connection has its waits in kernel and loop")
        assert {"kernel", "loop"} <= service.get("/invoices").timing.keys()
