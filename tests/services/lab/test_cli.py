"""The command, from its options to its end, as real processes."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inflight.report.run import Run, read_run
from services.lab.cli import main
from tests.client import get
from tests.inflight.command import LAB, LIMIT, command, ran
from tests.inflight.send.faulty import FaultyServer
from tests.ports import listened_on
from tests.stage import Metrics

pytestmark = pytest.mark.long

ESCAPE = "\x1b"
BAD_USE = {
    ("demo", "--delay", "0.1"): "'--delay': Input should be greater than or equal to 0.2",
    ("demo", "--delay", "nan"): "'--delay': ",
    ("demo", "--delay", "soon"): "'--delay': ",
    ("demo", "--tasks", "1"): "'--tasks': Input should be greater than or equal to 2",
    ("demo", "--gateway", "magic"): "'magic' is not one of 'sync', 'threadpool', 'async'",
    ("demo", "--faster"): "No such option: --faster",
    ("up", "--delay", "61"): "'--delay': Input should be less than or equal to 60",
    ("hello", "127.0.0.1:8000"): "'127.0.0.1:8000' should be http://HOST[:PORT]/PATH",
    ("hello", "http://..../"): "http://..../ does not respond: ",
    ("hello", "http://nobody.invalid/"): "http://nobody.invalid/ does not respond: ",
    ("demo", "--report", "/proc/none/x.html"): "cannot write /proc/none/x.html: no such file",
    ("demo", "--report", "same", "--json", "./same"): "'--json': the report and the raw run cannot both be same",
    ("sweep", "--tasks", "0"): "'--tasks': '0' should be up to 50 numbers from 1 to 500, separated by commas",
    ("sweep", "--replicas", "9"): "'--replicas': Input should be less than or equal to 8",
    ("sweep", "--replicas", "2", "--gateway-url", "sync=http://127.0.0.1:1"): "'--replicas': it is for what is started",
    ("sweep", "--gateway-url", "http://127.0.0.1:1"): "'--gateway-url': 'http://127.0.0.1:1' should be MODE=URL, with",
    ("writes", "--increments", "3"): "'--increments': Input should be greater than or equal to 4",
    ("writes", "--gateway-url", "sync=http://127.0.0.1:1"): "'--backend-url': --gateway-url and --backend-url go",
    ("sweep", "--report", "/proc/none/x.html"): "cannot write /proc/none/x.html: no such file",
    ("juggle",): "No such command 'juggle'",
}
"""What is wrong with a command, and the words of the one line that says so."""


TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - "
ARTICLES_LINES = (
    rf"sender +\| {TIME}--- task1 Send!!",
    rf"sender +\| {TIME}--- task2 status = 200",
    rf'sender +\| {TIME}--- task2{{"res":{{"message":"success"}}}}',
    rf"sync-gateway +\| {TIME}Received task1 Request!!",
    rf"async-gateway +\| {TIME}Send task2 response",
    rf"backend +\| {TIME}Received task2 Request!!",
    r'threadpool-gateway \| INFO:     127\.0\.0\.1:\d+ - "GET /task1 HTTP/1\.1" 200 OK',
)
"""What `demo` prints among others, as the article has it."""


def lab(*arguments: str) -> tuple[int, str, str]:
    """Run the command to its end; return exit code, output and errors."""
    return ran(*arguments, program=LAB)


DELAY = 1.5
"""Seconds: a busy machine takes less than half of it for anything else."""

Here = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def faulty() -> Iterator[FaultyServer]:
    """A server that does what the task's name says."""
    backend = FaultyServer()
    yield backend
    backend.close()


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Here]:
    """The command inside the test's own process, for what starts no other: exit code, output and errors."""
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lab", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return (ended.value.code, *capfd.readouterr())

    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str, str, Run, Path]:
    """One whole experiment: exit code, output, errors, the run, the report."""
    folder = tmp_path_factory.mktemp("demo") / "[" / "demo]"  # rich would take that for markup
    report, run = folder / "report.html", folder / "run.json"
    code, output, errors = lab("demo", "--delay", f"{DELAY}", "--report", str(report), "--json", str(run))
    return code, output, errors, read_run(run), report


@pytest.mark.parametrize("use", BAD_USE, ids=" ".join)
def test_bad_use_is_one_line(here: Here, use: tuple[str, ...]) -> None:
    """Whatever is wrong with an option, an argument or a file: one line on standard error that names it, and a 2."""
    code, output, errors = here(*use)
    assert (code, output) == (2, "")
    assert errors.startswith("lab: ")
    assert BAD_USE[use] in errors
    assert errors.count("\n") == 1


def test_help_names_every_command() -> None:
    """Without an argument, the help itself is printed."""
    code, output, _ = lab()
    assert code == 2
    assert all(name in output for name in ("hello", "demo", "up", "sweep", "writes"))
    assert ESCAPE not in output


def test_hello_greets_a_backend_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Status and body, as the article prints them; a proxy of the user's is no way to a backend on loopback."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert lab("hello") == (0, '200\n{"message":"success"}\n', "")


def test_hello_greets_a_url(here: Here, faulty: FaultyServer) -> None:
    """An error status is a response like any other."""
    assert here("hello", f"{faulty.url}/status-404") == (0, "404\n<h1>secret</h1>\n", "")


def test_hello_reads_no_body_without_end(here: Here, faulty: FaultyServer) -> None:
    """Its memory is bounded, whatever the server sends."""
    code, _, errors = here("hello", f"{faulty.url}/endless")
    assert code == 2
    assert errors.startswith(f"lab: {faulty.url}/endless: the response is larger than ")


@pytest.mark.parametrize("fault", ["closes", "half-a-body", "not-http"])
def test_hello_to_a_server_that_does_not_respond(here: Here, faulty: FaultyServer, fault: str) -> None:
    """A line that names the URL."""
    code, _, errors = here("hello", f"{faulty.url}/{fault}")
    assert code == 2
    assert errors.startswith(f"lab: {faulty.url}/{fault} does not respond: ")
    assert "Traceback" not in errors


def test_demo_shows_and_claims(demo: tuple[int, str, str, Run, Path]) -> None:
    """A row for each task, a sentence for each gateway, where the files are, brackets and all, and a true exit code."""
    code, output, errors, run, report = demo
    as_claimed = [target.verdict is not None and target.verdict.ok for target in run.targets]  # unless it was too busy
    assert (code, errors) == (0 if all(as_claimed) else 1, "")
    assert len(re.findall(r"^(?:sync|threadpool|async) +task[12] +\d\.\d{3}", output, re.MULTILINE)) == 6
    for target, ok in zip(run.targets, as_claimed, strict=True):
        assert f"{target.name} ({'as claimed' if ok else 'NOT AS CLAIMED'}): It " in output
    assert f"The whole picture: {report}\n" in output
    assert "<html" in report.read_text()


def test_demo_logs_in_the_articles_form(demo: tuple[int, str, str, Run, Path]) -> None:
    """The sender's and the receivers' lines, uvicorn's access lines, each behind its speaker."""
    lines = demo[1].splitlines()
    for pattern in ARTICLES_LINES:
        assert any(re.fullmatch(pattern, line) for line in lines), pattern


def test_demo_writes_for_a_pipe(demo: tuple[int, str, str, Run, Path]) -> None:
    """No escape code, no progress bar, no carriage return."""
    assert ESCAPE not in demo[1]
    assert "\r" not in demo[1]
    assert "in flight 1" not in demo[1]


def test_demo_writes_a_run_that_is_true(demo: tuple[int, str, str, Run, Path]) -> None:
    """The JSON holds what the table shows: the sync-gateway's second task waited for the first, the others' did not."""
    run = demo[3]
    assert [gateway.name for gateway in run.targets] == ["sync-gateway", "threadpool-gateway", "async-gateway"]
    for gateway in run.targets:
        assert [record.outcome for record in gateway.requests] == ["ok", "ok"]
        assert gateway.samples
        for record in gateway.requests:
            assert sum(record.ledger.values()) == pytest.approx(record.seconds, abs=1e-6)
        first, second = sorted(gateway.requests, key=lambda record: record.finished)
        waited = second.ledger["kernel"] + second.ledger["loop"]
        between = second.finished - first.finished
        if gateway.name == "sync-gateway":
            assert min(waited, between) > DELAY / 2
            assert max(sample.in_flight for sample in gateway.samples) == 1
        else:
            assert max(waited, between) < DELAY / 2


def test_demo_with_some_gateways_and_a_closed_pipe(tmp_path: Path) -> None:
    """Only the gateways asked for, each once; when nobody reads any more, the work is done all the same."""
    report, run = tmp_path / "report.html", tmp_path / "run.json"
    options = ["--delay", "0.2", "--tasks", "3", "--report", str(report), "--json", str(run)]
    with command("demo", "--gateway", "async", "--gateway", "async", *options, program=LAB) as demo:
        demo.until("The backend takes")
        assert demo.process.stdout is not None
        demo.process.stdout.close()
        demo.process.stdout = None
        assert demo.process.stderr is not None
        errors = demo.process.stderr.read()
        assert demo.process.wait(LIMIT) in {0, 1}  # whether it was as claimed is not the question here
        demo.is_gone()
    assert "Traceback" not in errors
    (gateway,) = read_run(run).targets
    assert (gateway.name, len(gateway.requests)) == ("async-gateway", 3)
    assert report.exists()


LOADING = """
from services.lab import cli
load = cli._application
cli._application = lambda: print("loading", flush=True) or load()
cli.main()
"""
"""`lab`, which says when it begins to load what it needs."""

MOMENTS = {"being loaded": "", "services start": "The backend takes", "mid-burst": "task2 Send!!"}


@pytest.mark.flaky(reruns=2)  # Python swallows what a signal raises in a weak reference's callback, as importlib has
@pytest.mark.parametrize(
    ("moment", "number"),
    [("being loaded", signal.SIGINT), ("services start", signal.SIGTERM), ("mid-burst", signal.SIGINT)],
)
def test_demo_can_be_stopped_at_any_moment(tmp_path: Path, number: signal.Signals, moment: str) -> None:
    """Exit code 130, one word, no traceback, and no process left, not even of a gateway whose event loop is blocked."""
    files = ["--report", str(tmp_path / "report.html"), "--json", str(tmp_path / "run.json")]
    with command("demo", "--gateway", "sync", "--delay", "30", *files, program=LOADING) as demo:
        demo.until(MOMENTS[moment] or "loading")
        os.kill(demo.process.pid, number)
        code, _, errors = demo.ends()
        demo.is_gone()
    assert code == 130
    assert errors.strip() == "stopped"


UP = """
import sys
import threading
from services.lab import stage
from services.lab.cli import main
from services.serving.settings import GATEWAY_PORTS
backend, *gateways, stage.ADMIN_OFFSET = (int(port) for port in sys.argv.pop().split(","))
stage.BACKEND_PORT = backend
GATEWAY_PORTS.update(zip(GATEWAY_PORTS, gateways))
main()
"""
"""`lab` on other ports than the README's, which whoever runs the tests may be using."""


def quiet_ports() -> str:
    """Return the backend's port, the gateways' ports and the admin ports' offset; nobody listens on any of them."""
    base = 30_000 + os.getpid() % 250 * 10
    while True:
        ports = [base, base + 1, base + 2, base + 3]
        if not any(listened_on(port) for port in [*ports, *(port + 5 for port in ports)]):
            return ",".join(map(str, [*ports, 5]))
        base += 10


def test_up_is_up_until_it_is_stopped() -> None:
    """It prints URLs that work, names the program of each line and the ports in use, and leaves nothing behind."""
    ports = quiet_ports()
    with command("up", "--delay", "0.2", ports, program=UP) as up:
        printed = up.until("metrics  # threadpool-gateway")
        tasks = re.findall(r"curl -i (http://\S+/task1)", printed)
        metrics = re.findall(r"curl (http://\S+/metrics)", printed)
        assert len(tasks) == len(metrics) == len(up.processes()) == 4
        assert [get(url).status for url in tasks] == [200] * 4
        assert all(Metrics(get(url).text).has("http_requests_waiting", queue="loop") for url in metrics)
        with command("up", ports, program=UP) as another:
            code, _, errors = another.ends()
        assert code == 2
        assert errors.startswith(f"lab: in use: port {ports.split(',')[0]}, ")
        assert errors.count("\n") == 1
        up.process.send_signal(signal.SIGINT)
        code, output, errors = up.ends()
        assert (code, errors.strip()) == (130, "stopped")
        assert re.search(r"^sync-gateway +\| .*Received task1 Request!!$", output, re.MULTILINE)
        up.is_gone()


def test_up_ends_when_a_service_does() -> None:
    """A service that dies takes the others with it, and is named."""
    with command("up", quiet_ports(), program=UP) as up:
        up.until("metrics  # threadpool-gateway")
        victim = next(
            number for number in up.processes() if b"services.backend" in Path(f"/proc/{number}/cmdline").read_bytes()
        )
        os.kill(victim, signal.SIGKILL)
        code, _, errors = up.ends()
        up.is_gone()
    assert (code, errors) == (2, "lab: backend was ended by SIGKILL; the lines above may say why\n")


def test_a_service_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad setting in the user's environment is named in the line that ends the command, and nothing is left."""
    monkeypatch.setenv("LOG_LEVEL", "loud")
    code, output, errors = lab("hello")
    assert (code, output) == (2, "")
    assert errors.startswith("lab: backend did not start: LOG_LEVEL='loud': ")
    assert errors.count("\n") == 1


def test_json_is_json(demo: tuple[int, str, str, Run, Path]) -> None:
    """Any program can read the run, not only ours."""
    text = demo[4].with_name("run.json").read_text()
    assert json.loads(text)["kind"] == "inflight/run/2"
