"""The subcommands of `inflight`. Each loads what it needs when it is called, so that `--help` is quick."""

from __future__ import annotations

import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

import typer

from services.lab.errors import INTERRUPTED, USAGE_ERROR, LabError

if TYPE_CHECKING:
    from rich.console import Console

    from services.settings import GatewayMode

T = TypeVar("T")

MAX_TASKS = 10_000
MAX_REQUESTS = 1_000_000
"""Each has a record of about a kilobyte until the end of the run."""

app = typer.Typer(
    name="inflight",
    help="See where every millisecond of every request was spent.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Mode(StrEnum):
    """The three ways in which the gateway is built."""

    sync = "sync"
    threadpool = "threadpool"
    awaiting = "async"


def _url(value: str | None) -> str | None:
    from urllib.parse import urlsplit

    from services.userinfo import hide_userinfo

    if value is None:
        return None
    try:
        value.encode()  # an argument may hold bytes that are no text
        parts = urlsplit(value)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise typer.BadParameter(f"{hide_userinfo(value)!r} should be http://HOST[:PORT]/PATH")
    return value


Delay = Annotated[float, typer.Option(min=0.2, max=60, help="Seconds that the backend takes for each task.")]


@app.command()
def hello(
    url: Annotated[str | None, typer.Argument(help="What to greet.", callback=_url, show_default=False)] = None,
) -> None:
    """Send one GET and print status and body; without a URL, to a backend started for it."""
    from services.lab import hello

    _run(hello.hello(_console(), url))


@app.command()
def demo(
    delay: Delay = 2.0,
    tasks: Annotated[int, typer.Option(min=2, max=500, help="Tasks sent at once to each gateway.")] = 2,
    gateway: Annotated[
        list[Mode], typer.Option(help="Only this gateway; may be given several times.", show_default="all three")
    ] = [Mode.sync, Mode.threadpool, Mode.awaiting],  # noqa: B006 - typer copies it
    report: Annotated[Path, typer.Option(help="Where the HTML report goes.")] = Path("runs/demo.html"),
    json: Annotated[Path, typer.Option(help="Where the raw run goes.")] = Path("runs/demo.json"),
) -> None:
    """Run the experiment: the same tasks to each gateway, and where each task waited.

    Exits with 0 only if every gateway did what the lab claims of it.
    """
    from services.lab import demo
    from services.lab.files import same_file

    if same_file(report, json):
        raise typer.BadParameter(f"the report and the raw run cannot both be {json}", param_hint="'--json'")
    modes = cast("list[GatewayMode]", list(dict.fromkeys(mode.value for mode in gateway)))
    if not _run(demo.demo(_console(), demo.Experiment(modes, delay, tasks), report, json)):
        raise typer.Exit(1)


@app.command()
def up(delay: Delay = 1.0) -> None:
    """Start the backend and the three gateways; they stay up until Ctrl-C."""
    from services.lab import up

    _run(up.up(_console(), delay))


@app.command()
def send(  # noqa: PLR0913, PLR0917 - typer: a command's options are its arguments
    url: Annotated[str, typer.Argument(help="Where to; {task} in it becomes task1, task2, ...", callback=_url)],
    tasks: Annotated[
        int | None, typer.Option(min=1, max=MAX_TASKS, help="Requests sent at once.", show_default="2")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.01, max=MAX_TASKS, help="Requests a second instead, however slow the answers.", show_default=False
        ),
    ] = None,
    duration: Annotated[
        float | None, typer.Option(min=0.1, max=3600, help="Seconds to go on at that rate.", show_default="10")
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.001, max=3600, help="Seconds to wait for each whole answer.")] = 120.0,
    json: Annotated[Path | None, typer.Option(help="Where the raw run goes.", show_default="not written")] = None,
    metrics_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Serve the sender's metrics there.", show_default="not served")
    ] = None,
) -> None:
    """Send requests to anything that answers HTTP, and say what became of them.

    Exits with 0 only if every request was answered with a status below 400.
    """
    from services.lab import send
    from services.sender.schedule import at_once, open_loop

    if rate is None and duration is not None:
        raise typer.BadParameter("it needs a --rate to go on at", param_hint="'--duration'")
    if rate is not None and tasks is not None:
        raise typer.BadParameter("requests are sent at once or at a --rate, not both", param_hint="'--tasks'")
    duration = 10.0 if duration is None else duration
    if rate and rate * duration > MAX_REQUESTS:
        raise typer.BadParameter(
            f"{rate:g} a second for {duration:g} s are {rate * duration:,.0f} requests; "
            f"{MAX_REQUESTS:,} can be remembered one by one",
            param_hint="'--duration'",
        )
    schedule = list(open_loop(rate, duration) if rate else at_once(2 if tasks is None else tasks))
    if not schedule:
        raise typer.BadParameter(f"{rate:g} a second for {duration:g} s is not one request", param_hint="'--duration'")
    if not _run(send.send(_console(), send.Plan(url, schedule, timeout), json, metrics_port)):
        raise typer.Exit(1)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(metavar="RUN.json", help="A run that demo or send wrote with --json.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the report goes.")] = Path("runs/report.html"),
) -> None:
    """Make the HTML report of a run."""
    from services.lab.files import same_file
    from services.lab.report import write_report
    from services.lab.run import read_run

    if same_file(output, run):
        raise typer.BadParameter(f"the report would overwrite the run {run}", param_hint="'--output'")
    with _lines_for_errors():
        write_report(read_run(run), output)
    _console().print(f"The whole picture: {output}", markup=False, soft_wrap=True)


def _console() -> Console:
    from services.lab.output import Output

    return Output()


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run a subcommand's work to its end, or to the user's."""
    from services.lab.running import Interrupted, run

    with _lines_for_errors():
        try:
            return run(work)
        except Interrupted:
            raise typer.Exit(INTERRUPTED) from None


@contextmanager
def _lines_for_errors() -> Iterator[None]:
    """Print what the user can put right as a line on standard error, and exit with 2."""
    try:
        yield
    except LabError as error:
        print(f"inflight: {error}", file=sys.stderr)
        raise typer.Exit(USAGE_ERROR) from None
