"""What `inflight run` takes and refuses, how it starts and how it ends."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.inflight.run.service import MEASURED, serving, started

pytestmark = pytest.mark.long

HELLO = """
import os, signal
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("there is no such thing")
    if scope["path"] == "/die":
        os.kill(os.getpid(), signal.SIGKILL)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})
"""


@pytest.fixture
def hello(tmp_path: Path) -> Path:
    """A folder with an application that has no lifespan."""
    (tmp_path / "hello.py").write_text(HELLO)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "Missing argument 'APP'"),
        (["hello:app", "--prot", "1"], "No such option"),
        (["hello:app", "--port", "many"], "'many' is not a valid integer"),
        (["hello:app", "--admin-port", "many"], "--admin-port: 'many' is no port"),
        (["hello:app", "--admin-port"], "--admin-port needs a value"),
        (["hello:app", "--admin-requests-from", "everybody"], "'everybody' is no address or network"),
        (["hello:app", "--admin-host", "a..b"], "a..b:0: that is no host's name; set the host to another"),
    ],
)
def test_bad_input_is_one_line(hello: Path, arguments: list[str], line: str) -> None:
    """It names what is wrong; the status is 2, and nothing is left running."""
    own = [] if "--admin-port" in arguments else ["--admin-port", "0"]
    with started(*arguments, *own, folder=hello) as service:
        assert service.wait() == 2
    (said,) = [each for each in service.said.splitlines() if not each.startswith("inflight: metrics at")]
    assert line in said
    assert said.startswith("inflight run: ")


def test_an_admin_port_that_is_taken_is_one_line(hello: Path) -> None:
    """The service does not start without the measurement that was asked for."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with started("hello:app", "--port", "0", "--admin-port", str(port), folder=hello) as service:
            assert service.wait() == 2
    assert service.said == (
        f"inflight run: cannot listen on 127.0.0.1:{port}: the port is in use; set --admin-port to another\n"
    )


def test_an_application_that_is_not_there_ends_as_with_uvicorn(hello: Path) -> None:
    """Its line, its status."""
    with started("nowhere:app", "--port", "0", "--admin-port", "0", folder=hello) as service:
        assert service.wait() == 3
    assert 'Error loading ASGI app. Could not import module "nowhere"' in service.said


def test_the_help_has_uvicorns_options_and_ours(hello: Path) -> None:
    """It needs no port."""
    with started("--help", folder=hello) as service:
        assert service.wait() == 0
    assert {"--limit-concurrency", "--admin-requests-from"} <= set(service.said.split())


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 0)])
def test_a_signal_ends_it_as_it_ends_uvicorn(hello: Path, number: int, status: int) -> None:
    """Gracefully, with the status that uvicorn has then, and every process is gone."""
    with serving("hello:app", folder=hello) as service:
        assert service.get("/").body == b"hello"
        assert service.stop(number) == status
    assert "Finished server process" in service.said


PASSED_ON = [signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH]
HEEDS = """
import signal
for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH):
    signal.signal(number, lambda number, _frame: print("heeded", number, flush=True))
from hello import app
"""


def test_the_application_has_the_signals_that_it_heeds(hello: Path) -> None:
    """As with uvicorn, whose process is its own."""
    (hello / "heeds.py").write_text(HEEDS)
    with serving("heeds:app", folder=hello) as service:
        for number in PASSED_ON:
            service.process.send_signal(number)
            service.until(f"heeded {number.value}\n")
        assert service.get("/").body == b"hello"


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_that_the_application_does_not_heed_ends_it(hello: Path, number: signal.Signals) -> None:
    """As it ends uvicorn."""
    with serving("hello:app", folder=hello) as service:
        assert service.stop(number) == -number
    assert f"was killed by {number.name}; the service ends" in service.said


def test_what_was_ignored_from_the_start_stays_ignored(hello: Path) -> None:
    """As nohup has it, for the worker, too."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with serving("hello:app", folder=hello) as service:
            os.killpg(service.process.pid, signal.SIGHUP)
            assert service.get("/").body == b"hello"
            assert service.stop() == -signal.SIGTERM
    finally:
        signal.signal(signal.SIGHUP, before)


def test_several_do_nothing_on_the_signals_on_which_uvicorns_do_nothing(hello: Path) -> None:
    """They serve on, and end as ever."""
    with serving("hello:app", "--workers", "2", folder=hello) as service:
        for number in PASSED_ON[1:]:
            service.process.send_signal(number)
        assert service.get("/").body == b"hello"
        assert service.stop() == 0
    assert "was killed by" not in service.said


def test_the_first_of_several_that_is_killed_before_it_serves_ends_the_service(tmp_path: Path) -> None:
    """With a status that says so, and not as if all had been well."""
    (tmp_path / "dies.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    with started("dies:app", "--port", "0", "--admin-port", "0", "--workers", "2", folder=tmp_path) as service:
        assert service.wait() == 128 + signal.SIGKILL
    assert "was killed by SIGKILL; the service ends" in service.said


SLOW = """
import asyncio
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("there is no such thing")
    print("begun", flush=True)
    await asyncio.sleep(60 if scope["path"] == "/long" else 1)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
"""


def test_a_request_that_has_begun_is_served_to_its_end(tmp_path: Path) -> None:
    """SIGTERM is graceful; new connections are refused meanwhile, and /readyz says why."""
    (tmp_path / "slow.py").write_text(SLOW)
    with serving("slow:app", folder=tmp_path) as service:
        (begun,) = service.at_once(1, "/")
        service.until("begun")
        service.process.send_signal(signal.SIGTERM)
        service.until("Waiting for connections to close")
        assert service.page("/readyz").body == b"stopping\n"
        with pytest.raises(ConnectionRefusedError):
            service.get("/")
        assert begun.result().body == b"ok"
        assert service.wait() == -signal.SIGTERM


def test_a_second_interrupt_ends_it_at_once(tmp_path: Path) -> None:
    """The first one is sent to the whole group, as a terminal does, and is still the first."""
    (tmp_path / "slow.py").write_text(SLOW)
    with serving("slow:app", folder=tmp_path) as service:
        service.at_once(1, "/long")
        service.until("begun")
        from time import sleep

        os.killpg(service.process.pid, signal.SIGINT)
        service.until("Waiting for connections to close")
        sleep(0.4)  # within 0.3 s of the first it would pass for the first
        assert service.process.poll() is None
        service.process.send_signal(signal.SIGINT)
        service.wait()


def test_a_worker_that_dies_is_started_again(hello: Path) -> None:
    """It is said; no connection is refused meanwhile, for the supervisor has the sockets."""
    with serving("hello:app", folder=hello) as service:
        for _ in range(2):
            before = len(service.said)
            with pytest.raises(ConnectionError):
                service.get("/die")
            assert service.get("/").body == b"hello"
            service.until(r"inflight: worker 1 \(pid \d+\) was killed by SIGKILL; starting another", before)
        eventually(lambda: service.page("/readyz").status, 200)  # the supervisor may hear of it after the client does


def test_a_supervisor_that_is_killed_leaves_nothing_running(hello: Path) -> None:
    """The worker notices, and ends."""
    with serving("hello:app", folder=hello) as service:
        service.process.kill()
        service.wait()
        eventually(lambda: "Finished server process" in service.said, wanted=True)


def test_the_supervisor_is_small(hello: Path) -> None:
    """It loads neither uvicorn nor prometheus-client, nor a framework."""
    with serving("hello:app", folder=hello) as service:
        service.get("/")
        service.metrics()
        status = Path(f"/proc/{service.process.pid}/status").read_text()
        (resident,) = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")]
        maps = Path(f"/proc/{service.process.pid}/maps").read_text()
    assert resident < 30_000
    assert "httptools" not in maps
    assert MEASURED[-1] == "inflight.run"
