"""The command, from its options to its end, as real processes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inflight.report.run import Run, read_run
from services.lab.cli import main
from tests.client import get
from tests.inflight.command import LIMIT, command, inflight
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
    ("send",): "Missing argument 'url'",
    ("send", "ftp://x"): "'ftp://x' should be http://HOST[:PORT]/PATH",
    ("send", "http://x:99999"): "'http://x:99999' should be http://HOST[:PORT]/PATH",
    ("send", "http://[::1"): "'http://[::1' should be http://HOST[:PORT]/PATH",
    ("send", "http://x", "--rate", "0"): "'--rate': ",
    ("send", "http://x", "--rate", "nan"): "'--rate': ",
    ("send", "http://x", "--rate", "0.01", "--duration", "0.1"): "0.01 a second for 0.1 s is not one request",
    (
        "send",
        "http://x",
        "--rate",
        "10000",
        "--duration",
        "3600",
    ): "are 36,000,000 requests; 1,000,000 can be remembered",
    ("send", "http://x", "--metrics-port", "65536"): "'--metrics-port': ",
    ("send", "http://x", "--json", "/proc/none/run.json"): "cannot write /proc/none/run.json: no such file",
    ("hello", "127.0.0.1:8000"): "'127.0.0.1:8000' should be http://HOST[:PORT]/PATH",
    ("hello", "http://..../"): "http://..../ does not answer: ",
    ("hello", "http://nobody.invalid/"): "http://nobody.invalid/ does not answer: ",
    ("demo", "--report", "/proc/none/x.html"): "cannot write /proc/none/x.html: no such file",
    ("report", "/nowhere/run.json"): "cannot read /nowhere/run.json: no such file or directory",
    ("send", "http://x", "--duration", "3"): "'--duration': it needs a --rate",
    ("send", "http://x", "--tasks", "3", "--rate", "3"): "'--tasks': requests are sent at once or at a --rate",
    ("demo", "--report", "same", "--json", "./same"): "'--json': the report and the raw run cannot both be same",
    ("report", "run.json", "-o", "./run.json"): "'--output': the report would overwrite the run run.json",
    ("report", "/"): "cannot read /: is a directory",
    ("report", __file__): f"{__file__} is not a run that inflight wrote: the file: Invalid JSON",
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
        monkeypatch.setattr(sys, "argv", ["inflight", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return (ended.value.code, *capfd.readouterr())

    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str, str, Run, Path]:
    """One whole experiment: exit code, output, errors, the run, the report.

    A busy machine may hold a task up for longer than the lab's claims allow, or a service's last line for longer than
    it is listened to: then the experiment is done again.
    """
    folder = tmp_path_factory.mktemp("demo") / "[" / "demo]"  # rich would take that for markup
    report, run = folder / "report.html", folder / "run.json"
    for _ in range(6):
        code, output, errors = inflight("demo", "--delay", "0.6", "--report", str(report), "--json", str(run))
        assert code in {0, 1}, errors
        if code == 0 and all(re.search(rf"^{line}$", output, re.MULTILINE) for line in ARTICLES_LINES):
            break
    return code, output, errors, read_run(run), report


@pytest.mark.parametrize("use", BAD_USE, ids=" ".join)
def test_bad_use_is_one_line(here: Here, use: tuple[str, ...]) -> None:
    """Whatever is wrong with an option, an argument or a file: one line on standard error that names it, and a 2."""
    code, output, errors = here(*use)
    assert (code, output) == (2, "")
    assert errors.startswith("inflight: ")
    assert BAD_USE[use] in errors
    assert errors.count("\n") == 1


def test_help_names_every_command() -> None:
    """Without an argument, the help itself is the answer."""
    code, output, _ = inflight()
    assert code == 2
    assert all(name in output for name in ("hello", "demo", "up", "send", "report"))
    assert ESCAPE not in output


def test_hello_greets_a_backend_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Status and body, as the article prints them; a proxy of the user's is no way to a backend on loopback."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert inflight("hello") == (0, '200\n{"message":"success"}\n', "")


def test_hello_greets_a_url(here: Here, faulty: FaultyServer) -> None:
    """An error status is an answer like any other."""
    assert here("hello", f"{faulty.url}/status-404") == (0, "404\n<h1>secret</h1>\n", "")


def test_hello_reads_no_body_without_end(here: Here, faulty: FaultyServer) -> None:
    """Its memory is bounded, whatever the server sends."""
    code, _, errors = here("hello", f"{faulty.url}/endless")
    assert code == 2
    assert errors.startswith(f"inflight: {faulty.url}/endless: the answer is larger than ")


def test_send_keeps_the_password_of_its_url(here: Here, faulty: FaultyServer, tmp_path: Path) -> None:
    """It is sent, and stands nowhere else."""
    path = tmp_path / "run.json"
    code, output, _ = here("send", faulty.url.replace("//", "//me:s3cret@") + "/good", "--json", str(path))
    assert code == 0
    assert "s3cret" not in output + path.read_text()


@pytest.mark.parametrize(
    "command", [("send", "http://me:p#s3cret@127.0.0.1/"), ("hello", "http://me:s3cret@127.0.0.1:1/")]
)
def test_an_error_keeps_the_password_too(here: Here, command: tuple[str, str]) -> None:
    """Of a URL that is none, and of one where nobody listens."""
    code, output, errors = here(*command)
    assert (code, output) == (2, "")
    assert "http://***@127.0.0.1" in errors
    assert "s3cret" not in errors


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


@pytest.mark.parametrize("fault", ["closes", "half-a-body", "not-http"])
def test_hello_to_who_does_not_answer(here: Here, faulty: FaultyServer, fault: str) -> None:
    """A line that names the URL."""
    code, _, errors = here("hello", f"{faulty.url}/{fault}")
    assert code == 2
    assert errors.startswith(f"inflight: {faulty.url}/{fault} does not answer: ")
    assert "Traceback" not in errors


def test_demo_shows_and_claims(demo: tuple[int, str, str, Run, Path]) -> None:
    """Exit code 0, a row for each task, a sentence for each gateway, and where the files are, brackets and all."""
    code, output, errors, _, report = demo
    assert (code, errors) == (0, "")
    assert len(re.findall(r"^(?:sync|threadpool|async) +task[12] +\d\.\d{3}", output, re.MULTILINE)) == 6
    for mode in ("sync", "threadpool", "async"):
        assert f"{mode}-gateway (as claimed): It served the tasks " in output
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
    assert [gateway.mode for gateway in run.gateways] == ["sync", "threadpool", "async"]
    for gateway in run.gateways:
        assert gateway.verdict is not None
        assert gateway.verdict.ok
        assert [record.outcome for record in gateway.requests] == ["ok", "ok"]
        assert gateway.samples
        for record in gateway.requests:
            assert sum(record.ledger.values()) == pytest.approx(record.seconds, abs=1e-6)
        first, second = sorted(gateway.requests, key=lambda record: record.finished)
        waited = second.ledger["kernel"] + second.ledger["loop"]
        between = second.finished - first.finished
        # How much exactly is the verdict's to say. These bounds leave a busy machine what the verdict leaves it.
        if gateway.mode == "sync":
            assert min(waited, between) > 0.3
            assert max(sample.in_flight for sample in gateway.samples) == 1
        else:
            assert max(waited, between) < 0.3


def test_demo_with_some_gateways_and_a_closed_pipe(tmp_path: Path) -> None:
    """Only the gateways asked for, each once; when nobody reads any more, the work is done all the same."""
    report, run = tmp_path / "report.html", tmp_path / "run.json"
    options = ["--delay", "0.2", "--tasks", "3", "--report", str(report), "--json", str(run)]
    with command("demo", "--gateway", "async", "--gateway", "async", *options) as demo:
        demo.until("The backend takes")
        assert demo.process.stdout is not None
        demo.process.stdout.close()
        demo.process.stdout = None
        assert demo.process.stderr is not None
        errors = demo.process.stderr.read()
        assert demo.process.wait(LIMIT) in {0, 1}  # whether it was as claimed is not the question here
        demo.is_gone()
    assert "Traceback" not in errors
    (gateway,) = read_run(run).gateways
    assert (gateway.mode, len(gateway.requests)) == ("async", 3)
    assert report.exists()


LOADING = """
from services.lab import cli
command = cli._command
cli._command = lambda: print("loading", flush=True) or command()
cli.main()
"""
"""`inflight`, which says when it begins to load what it needs."""

MOMENTS = {"being loaded": "", "services start": "The backend takes", "mid-burst": "task2 Send!!"}


@pytest.mark.flaky(reruns=2)  # Python swallows what a signal raises in a weak reference's callback, as importlib has
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
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
"""`inflight` on other ports than the README's, which whoever runs the tests may be using."""


def quiet_ports() -> str:
    """Return the backend's port, the gateways' ports and the admin ports' offset; nobody listens on any of them."""
    base = 30_000 + os.getpid() % 250 * 10
    while True:
        ports = [base, base + 1, base + 2, base + 3]
        if not any(listened_on(port) for port in [*ports, *(port + 5 for port in ports)]):
            return ",".join(map(str, [*ports, 5]))
        base += 10


def test_up_is_up_until_it_is_stopped() -> None:
    """It prints URLs that answer, says who speaks, names the ports that it holds, and leaves nothing behind."""
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
        assert errors.startswith(f"inflight: in use: port {ports.split(',')[0]}, ")
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
    assert (code, errors) == (2, "inflight: backend was ended by SIGKILL; the lines above may say why\n")


def test_send_sends_at_once(faulty: FaultyServer, tmp_path: Path) -> None:
    """Tasks by name, a summary, a file, and a 0 when all went well."""
    run = tmp_path / "run.json"
    code, output, errors = inflight("send", f"{faulty.url}/good/{{task}}", "--tasks", "5", "--json", str(run))
    assert (code, errors) == (0, "")
    assert ": 5 ok\n" in output
    assert "p99" in output
    assert ESCAPE not in output
    (gateway,) = read_run(run).gateways
    assert [record.task for record in gateway.requests] == [f"task{number}" for number in range(1, 6)]
    assert (gateway.mode, gateway.verdict) == (None, None)


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


def test_send_to_nobody(here: Here) -> None:
    """Nobody listens: the summary says so, and what to look at."""
    code, output, _ = here("send", "http://127.0.0.1:1/{task}")
    assert code == 1
    assert ": 2 refused\n" in output
    assert "is the service running, and is the port right?" in output


def test_send_goes_on_when_the_other_side_dies(faulty: FaultyServer, tmp_path: Path) -> None:
    """A gateway that dies in the middle makes outcomes, not an end; an interrupt ends it, and the file is written."""
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
    outcomes = [record.outcome for record in read_run(run).gateways[0].requests]
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


def test_report_is_made_of_a_run(here: Here, demo: tuple[int, str, str, Run, Path], tmp_path: Path) -> None:
    """The file that demo wrote becomes a page, where it was asked for; where it cannot be, a line says so."""
    run = demo[4].with_name("run.json")
    page = tmp_path / "[b]" / "page.html"
    code, output, errors = here("report", str(run), "-o", str(page))
    assert (code, output, errors) == (0, f"The whole picture: {page}\n", "")
    assert "<html" in page.read_text()
    code, output, errors = here("report", str(run), "-o", str(tmp_path))
    assert (code, output, errors) == (2, "", f"inflight: cannot write {tmp_path}: is a directory\n")


def test_the_command_is_installed() -> None:
    """`inflight` stands beside the interpreter, and does not load what its help does not need."""
    installed = Path(sys.executable).with_name("inflight")
    done = subprocess.run([installed, "--help"], capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 0
    assert "Send requests to anything that answers HTTP" in done.stdout
    heavy = {"plotly", "fastapi", "aiohttp", "pydantic"}
    probe = f"import sys, services.lab.commands; print(*({heavy!r} & sys.modules.keys()))"
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=LIMIT, check=True)
    assert loaded.stdout.strip() == ""


def test_a_service_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad setting in the user's environment is named in the line that ends the command, and nothing is left."""
    monkeypatch.setenv("LOG_LEVEL", "loud")
    code, output, errors = inflight("hello")
    assert (code, output) == (2, "")
    assert errors.startswith("inflight: backend did not start: LOG_LEVEL='loud': ")
    assert errors.count("\n") == 1


def test_json_is_json(demo: tuple[int, str, str, Run, Path]) -> None:
    """Any program can read the run, not only ours."""
    text = demo[4].with_name("run.json").read_text()
    assert json.loads(text)["kind"] == "inflight-lab/run/1"
