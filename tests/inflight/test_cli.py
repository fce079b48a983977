"""The command `inflight`, from its options to its end."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from inflight.cli import main
from inflight.report.run import read_run
from tests.client import get
from tests.inflight.command import LIMIT, command, ran
from tests.inflight.report.runs import run_of, sync_gateway
from tests.inflight.send.faulty import FaultyServer
from tests.stage import Metrics

pytestmark = pytest.mark.long

ESCAPE = "\x1b"
BAD_USE = {
    ("send",): "Missing argument 'url'",
    ("send", "ftp://x"): "'ftp://x' should be http://HOST[:PORT]/PATH",
    ("send", "http://x:99999"): "'http://x:99999' should be http://HOST[:PORT]/PATH",
    ("send", "http://[::1"): "'http://[::1' should be http://HOST[:PORT]/PATH",
    ("send", "http://me:p#s3cret@127.0.0.1/"): "'http://***@127.0.0.1/' should be",
    ("send", "http://x", "--rate", "0"): "'--rate': ",
    ("send", "http://x", "--rate", "nan"): "'--rate': ",
    ("send", "http://x", "--rate", "0.01", "--duration", "0.1"): "0.01 a second for 0.1 s is not one request",
    ("send", "http://x", "--rate", "10000", "--duration", "3600"): "are 36,000,000 requests; 1,000,000 can be",
    ("send", "http://x", "--metrics-port", "65536"): "'--metrics-port': ",
    ("send", "http://x", "--json", "/proc/none/run.json"): "cannot write /proc/none/run.json: no such file",
    ("send", "http://x", "--duration", "3"): "'--duration': it needs a --rate",
    ("send", "http://x", "--tasks", "3", "--rate", "3"): "'--tasks': requests are sent at once or at a --rate",
    ("report", "/nowhere/run.json"): "cannot read /nowhere/run.json: no such file or directory",
    ("report", "run.json", "-o", "./run.json"): "'--output': the report would overwrite the run run.json",
    ("report", "/"): "cannot read /: is a directory",
    ("report", __file__): f"{__file__} is not a run that inflight wrote: the file: Invalid JSON",
    ("top", "localhost:9000"): "'localhost:9000' should be http://HOST[:PORT]/PATH",
    ("watch", "http"): "argument PORT: 'http' is no port",
    ("watch", "65536"): "argument PORT: '65536' is no port",
    ("watch", "8000", "--max-wait", "nan"): "argument --max-wait: 'nan' is no number of seconds",
    ("watch", "8000", "--once", "--admin-port", "9100"): "--admin-port serves until it is stopped: without --once",
    ("juggle",): "No such command 'juggle'",
}
"""What is wrong with a command, and the words of the one line that says so."""

Here = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def faulty() -> Iterator[FaultyServer]:
    """A server that does what the path says."""
    server = FaultyServer()
    yield server
    server.close()


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Here]:
    """The command inside the test's own process: exit code, output and errors."""
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["inflight", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return (ended.value.code, *capfd.readouterr())

    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("use", BAD_USE, ids=" ".join)
def test_bad_use_is_one_line(here: Here, use: tuple[str, ...]) -> None:
    """Whatever is wrong with an option, an argument or a file: one line on standard error that names it, and a 2."""
    code, output, errors = here(*use)
    assert (code, output) == (2, "")
    assert errors.startswith("inflight: ")
    assert BAD_USE[use] in errors
    assert errors.count("\n") == 1
    assert "s3cret" not in errors


def test_help_names_every_command(here: Here) -> None:
    """Without an argument, the help itself is printed."""
    code, output, _ = here()
    assert code == 2
    assert all(f"\n  {name} " in output for name in ("run", "watch", "top", "send", "report"))
    assert ESCAPE not in output


def test_help_loads_little() -> None:
    """What a command needs is loaded when it is called; what `run` and `watch` need is the library alone."""
    heavy = {"plotly", "fastapi", "aiohttp", "pydantic", "rich", "prometheus_client", "asyncio"}
    probe = f"import sys, inflight.commands; print(*sorted({heavy!r} & sys.modules.keys()))"
    assert _printed(probe) == ""
    assert (
        _printed("import sys, inflight.cli; print(*sorted({'typer', 'click', 'asyncio'} & sys.modules.keys()))") == ""
    )


def _printed(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=LIMIT, check=True)
    return done.stdout.strip()


def test_without_the_extra_a_line_says_what_to_install() -> None:
    """Each library of the extra may be the first that is missing."""
    for missing, arguments in (("typer", ["send", "http://x"]), ("aiohttp", ["send", "http://x"]), ("plotly", None)):
        program = f"import sys; sys.modules[{missing!r}] = None; from inflight.cli import main; main()"
        code, output, errors = ran(*(arguments or ["report", "run.json"]), program=program)
        assert (code, output) == (2, "")
        assert errors == f"inflight: {missing} is not installed; try: pip install 'inflight[cli]'\n"


@pytest.mark.parametrize("arguments", [["a:app"], ["--help"]])
def test_run_without_uvicorn_says_what_to_install(arguments: list[str]) -> None:
    """It is the service's, or the extra's."""
    program = "import sys; sys.modules['uvicorn'] = None; from inflight.cli import main; main()"
    errors = "inflight run: uvicorn is not installed; try: pip install 'inflight[run]'\n"
    assert ran("run", *arguments, program=program) == (2, "", errors)


def _module(monkeypatch: pytest.MonkeyPatch, name: str, **functions: Any) -> None:
    module = ModuleType(name)
    vars(module).update(functions)
    monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["a:app", "--port", "0", "--", "--x"], ["--admin-port", "9100"]])
def test_run_gets_its_arguments_untouched(monkeypatch: pytest.MonkeyPatch, here: Here, arguments: list[str]) -> None:
    """Also `--help`; and signals are left as they were: they are uvicorn's to handle."""
    seen: list[Any] = []
    before = signal.getsignal(signal.SIGTERM)

    def run(given: list[str]) -> int:
        seen.append((given, signal.getsignal(signal.SIGTERM)))
        return 7

    _module(monkeypatch, "inflight.run.command", run=run)
    assert here("run", *arguments) == (7, "", "")
    assert seen == [(arguments, before)]


def test_watch_and_top_get_their_options(monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    """With the defaults that the help names."""
    seen: list[Any] = []

    def command(*given: Any, **options: Any) -> int:
        seen.append((given, options))
        return 1

    _module(monkeypatch, "inflight.watch.command", watch=command)
    _module(monkeypatch, "inflight.top.command", top=command)
    assert here("watch")[0] == 1
    assert here("watch", "8000", "3000", "--once", "--json", "--max-wait", "0.5")[0] == 1
    assert here("watch", "--admin-port", "9100")[0] == 1
    assert here("top", "http://x:9001", "--once")[0] == 1
    plain = {"once": False, "json": False, "max_wait": 1.0, "admin_port": None, "admin_host": "127.0.0.1"}
    assert seen == [
        (([],), plain),
        (([8000, 3000],), {**plain, "once": True, "json": True, "max_wait": 0.5}),
        (([],), {**plain, "admin_port": 9100}),
        (("http://x:9001",), {"once": True}),
    ]


def test_send_sends_at_once(faulty: FaultyServer, tmp_path: Path) -> None:
    """Tasks by name, a summary with what the client alone can tell, a file, and a 0 when all went well."""
    run = tmp_path / "run.json"
    code, output, errors = ran("send", f"{faulty.url}/good/{{task}}", "--tasks", "5", "--json", str(run))
    assert (code, errors) == (0, "")
    assert ": 5 ok\n" in output
    assert "p99" in output
    assert all(re.search(rf"^  {entry} +\d", output, re.MULTILINE) for entry in ("connect", "first byte", "body"))
    assert ESCAPE not in output
    (target,) = read_run(run).targets
    assert [record.task for record in target.requests] == [f"task{number}" for number in range(1, 6)]
    assert target.verdict is None


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("resets", "reset"),
        ("hangs", "timeout"),
        ("status-503", "server_error"),
        ("endless", "invalid_response"),
        ("status-404", "client_error"),
    ],
)
def test_send_names_what_went_wrong(here: Here, faulty: FaultyServer, fault: str, outcome: str) -> None:
    """The outcome has its name in the summary, and the exit code is 1."""
    code, output, errors = here("send", f"{faulty.url}/{fault}", "--timeout", "2" if outcome == "timeout" else "30")
    assert (code, errors) == (1, "")
    assert f": 2 {outcome}\n" in output


def test_send_where_nothing_listens(here: Here) -> None:
    """The summary says so, and what to look at."""
    code, output, _ = here("send", "http://127.0.0.1:1/{task}")
    assert code == 1
    assert ": 2 refused\n" in output
    assert "is the service running, and is the port right?" in output


def test_send_keeps_the_password_of_its_url(here: Here, faulty: FaultyServer, tmp_path: Path) -> None:
    """It is sent, and stands nowhere else."""
    path = tmp_path / "run.json"
    code, output, _ = here("send", faulty.url.replace("//", "//me:s3cret@") + "/good", "--json", str(path))
    assert code == 0
    assert "s3cret" not in output + path.read_text()


def test_a_port_without_tls_is_named_as_such(here: Here) -> None:
    """With the reason that OpenSSL gives."""

    def greet() -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"220 no TLS here\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        greeter = threading.Thread(target=greet)
        greeter.start()
        code, output, _ = here("send", f"https://127.0.0.1:{listener.getsockname()[1]}/")
        greeter.join()
    assert code == 1
    assert "2 tls" in output
    assert "failed     tls: " in output
    assert "should it be http://?" in output


def test_send_goes_on_when_the_other_side_dies(faulty: FaultyServer, tmp_path: Path) -> None:
    """A server that dies in the middle makes outcomes, not an end; an interrupt ends it, and the file is written."""
    run = tmp_path / "run.json"
    options = ["--rate", "50", "--duration", "600", "--metrics-port", "0", "--json", str(run)]
    with command("send", f"{faulty.url}/good/{{task}}", *options) as send:
        metrics_url = send.until("/metrics").split()[-1]

        def completed(outcome: str) -> float:
            return Metrics(get(metrics_url).text).value("sender_requests_completed_total", outcome=outcome)

        while completed("ok") < 10:
            assert send.process.poll() is None
        with faulty.gone():
            while completed("refused") < 5:
                assert send.process.poll() is None
        send.process.send_signal(signal.SIGINT)
        code, output, errors = send.ends()
    assert (code, errors) == (1, "")
    assert re.search(r"requests   \d+ in [\d.]+ s, [\d.]+ ok/s: .*\d+ refused.*, \d+ not sent\n", output)
    outcomes = [record.outcome for record in read_run(run).targets[0].requests]
    assert set(outcomes) <= {"ok", "refused", "reset", "cancelled"}
    assert outcomes.count("ok") >= 10
    assert outcomes.count("refused") >= 5


def test_send_that_was_stopped_did_not_do_it_all(faulty: FaultyServer) -> None:
    """All that were sent went well, and yet the exit code is 1: some were not sent."""
    with command("send", f"{faulty.url}/good", "--rate", "0.1", "--duration", "600", "--metrics-port", "0") as send:
        metrics_url = send.until("/metrics").split()[-1]
        while Metrics(get(metrics_url).text).value("sender_requests_completed_total", outcome="ok") < 1:
            assert send.process.poll() is None
        send.process.send_signal(signal.SIGTERM)
        code, output, _ = send.ends()
    assert code == 1
    assert ": 1 ok, 59 not sent\n" in output


def test_send_names_a_port_that_is_taken(here: Here, faulty: FaultyServer) -> None:
    """The metrics' port is the option's, and so is the advice."""
    code, _, errors = here("send", f"{faulty.url}/good", "--metrics-port", str(faulty.port))
    assert code == 2
    assert errors == (
        f"inflight: cannot listen on 127.0.0.1:{faulty.port}: the port is in use; set --metrics-port to another\n"
    )


def test_report_is_made_of_a_run(here: Here, tmp_path: Path) -> None:
    """A run becomes a page, where it was asked for; where it cannot be, a line says so."""
    run, page = tmp_path / "run.json", tmp_path / "[b]" / "page.html"  # rich would take that for markup
    run.write_text(run_of(sync_gateway()).model_dump_json())
    assert here("report", str(run), "-o", str(page)) == (0, f"The whole picture: {page}\n", "")
    assert "<html" in page.read_text()
    code, output, errors = here("report", str(run), "-o", str(tmp_path))
    assert (code, output, errors) == (2, "", f"inflight: cannot write {tmp_path}: is a directory\n")
