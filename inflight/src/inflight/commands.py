"""The subcommands of `inflight`. Each loads what it needs when it is called, so that `--help` is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inflight import cli
from inflight.terminal.command import application
from inflight.terminal.urls import checked_url

MAX_TASKS = 10_000
MAX_REQUESTS = 1_000_000
"""Each has a record of about a kilobyte until the end of the run."""
PASSED_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
"""Their arguments are not typer's to read; they are here for the help, where they stand first."""

app = application("inflight", "See where every millisecond of every request was spent, and what made it wait.")


@app.command(context_settings=PASSED_ON)
def run(context: typer.Context) -> None:
    """Serve MODULE:APP unchanged, and measure it."""
    raise typer.Exit(cli.run(context.args))


@app.command(context_settings=PASSED_ON)
def watch(context: typer.Context) -> None:
    """Watch ports from outside, whatever serves there."""
    raise typer.Exit(cli.watch(context.args))


@app.command()
def top(
    url: Annotated[str, typer.Argument(help="The admin port of what to look at.", callback=checked_url)] = (
        "http://127.0.0.1:9000"
    ),
    once: Annotated[bool, typer.Option("--once", help="One picture, and done.")] = False,
) -> None:
    """Show live where each request waits, and for what."""
    from inflight.top.command import top

    raise typer.Exit(top(url, once=once))


@app.command()
def send(  # noqa: PLR0913, PLR0917 - typer: a command's options are its arguments
    url: Annotated[str, typer.Argument(help="Where to; {task} in it becomes task1, task2, ...", callback=checked_url)],
    tasks: Annotated[
        int | None, typer.Option(min=1, max=MAX_TASKS, help="Requests sent at once.", show_default="2")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.01, max=MAX_TASKS, help="Requests a second instead, however slow the responses.", show_default=False
        ),
    ] = None,
    duration: Annotated[
        float | None, typer.Option(min=0.1, max=3600, help="Seconds to go on at that rate.", show_default="10")
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.001, max=3600, help="Seconds for each whole response.")] = 120.0,
    json: Annotated[Path | None, typer.Option(help="Where the raw run goes.", show_default="not written")] = None,
    metrics_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Serve the sender's metrics there.", show_default="not served")
    ] = None,
) -> None:
    """Send requests, and say where their time went.

    To any HTTP service. Exits with 0 only if every response came with a status below 400.
    """
    from inflight.send.command import Plan, send
    from inflight.terminal.output import Output
    from inflight.terminal.running import run

    plan = Plan(url, _schedule(tasks, rate, duration), timeout)
    raise typer.Exit(0 if run(send(Output(), plan, json, metrics_port)) else 1)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(metavar="RUN.json", help="A run that was written with --json.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the report goes.")] = Path("runs/report.html"),
) -> None:
    """Make the HTML report of a run."""
    from inflight.report.page import write_report
    from inflight.report.run import read_run
    from inflight.terminal.files import same_file
    from inflight.terminal.output import Output

    if same_file(output, run):
        raise typer.BadParameter(f"the report would overwrite the run {run}", param_hint="'--output'")
    write_report(read_run(run), output)
    Output().print(f"The whole picture: {output}", markup=False, soft_wrap=True)


def _schedule(tasks: int | None, rate: float | None, duration: float | None) -> list[float]:
    """Return when requests are due. Raises typer's BadParameter where the options do not go together."""
    from inflight.send.schedule import at_once, open_loop

    if rate is None:
        if duration is not None:
            raise typer.BadParameter("it needs a --rate to go on at", param_hint="'--duration'")
        return list(at_once(2 if tasks is None else tasks))
    if tasks is not None:
        raise typer.BadParameter("requests are sent at once or at a --rate, not both", param_hint="'--tasks'")
    duration = 10.0 if duration is None else duration
    if rate * duration > MAX_REQUESTS:
        raise typer.BadParameter(
            f"{rate:g} a second for {duration:g} s are {rate * duration:,.0f} requests; "
            f"{MAX_REQUESTS:,} can be remembered one by one",
            param_hint="'--duration'",
        )
    schedule = list(open_loop(rate, duration))
    if not schedule:
        raise typer.BadParameter(f"{rate:g} a second for {duration:g} s is not one request", param_hint="'--duration'")
    return schedule
