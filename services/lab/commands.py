"""The subcommands of `lab`. Each loads what it needs when it is called, so that `--help` is quick."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from inflight.terminal.command import application
from inflight.terminal.urls import checked_url

if TYPE_CHECKING:
    from services.serving.settings import GatewayMode

app = application("lab", "One slow backend, the same gateway built three ways, on this machine.")


SIZES = "1,2,5,10,20,40,41,80,81,120,200"
MOST_REPLICAS = 8


class Mode(StrEnum):
    """The three ways in which the gateway is built."""

    sync = "sync"
    threadpool = "threadpool"
    awaiting = "async"


Gateways = Annotated[
    list[Mode], typer.Option(help="Only this gateway; may be given several times.", show_default="all three")
]
Delay = Annotated[float, typer.Option(min=0.2, max=60, help="Seconds that the backend takes for each task.")]


@app.command()
def hello(
    url: Annotated[str | None, typer.Argument(help="What to greet.", callback=checked_url, show_default=False)] = None,
) -> None:
    """Send one GET and print status and body; without a URL, to a backend started for it."""
    from inflight.terminal.output import Output
    from inflight.terminal.running import run
    from services.lab import hello

    run(hello.hello(Output(), url))


@app.command()
def demo(
    delay: Delay = 2.0,
    tasks: Annotated[int, typer.Option(min=2, max=500, help="Tasks sent at once to each gateway.")] = 2,
    gateway: Gateways = [Mode.sync, Mode.threadpool, Mode.awaiting],  # noqa: B006 - typer copies it
    report: Annotated[Path, typer.Option(help="Where the HTML report goes.")] = Path("runs/demo.html"),
    json: Annotated[Path, typer.Option(help="Where the raw run goes.")] = Path("runs/demo.json"),
) -> None:
    """Run the experiment: the same tasks to each gateway, and where each task waited.

    Exits with 0 only if every gateway did what the lab claims of it.
    """
    from inflight.terminal.files import same_file
    from inflight.terminal.output import Output
    from inflight.terminal.running import run
    from services.lab import demo

    if same_file(report, json):
        raise typer.BadParameter(f"the report and the raw run cannot both be {json}", param_hint="'--json'")
    modes = cast("list[GatewayMode]", list(dict.fromkeys(mode.value for mode in gateway)))
    as_claimed = run(demo.demo(Output(), demo.Experiment(modes, delay, tasks), report, json))
    raise typer.Exit(0 if as_claimed else 1)


@app.command()
def up(delay: Delay = 1.0) -> None:
    """Start the backend and the three gateways; they stay up until Ctrl-C."""
    from inflight.terminal.output import Output
    from inflight.terminal.running import run
    from services.lab import up

    run(up.up(Output(), delay))


@app.command()
def sweep(  # noqa: PLR0913, PLR0917 - each is an option
    tasks: Annotated[str, typer.Option(help="Sizes of bursts, separated by commas; each 1 to 500.")] = SIZES,
    delay: Annotated[float, typer.Option(min=0.05, max=10, help="Seconds that the backend takes for each task.")] = 0.2,
    repeat: Annotated[int, typer.Option(min=1, max=20, help="Bursts of each size.")] = 3,
    gateway: Gateways = [Mode.sync, Mode.threadpool, Mode.awaiting],  # noqa: B006 - typer copies it
    upstream_limit: Annotated[
        int | None, typer.Option(min=1, max=1000, help="Connections that a gateway has to the backend.")
    ] = None,
    replicas: Annotated[
        int, typer.Option(min=1, max=MOST_REPLICAS, help="Processes of each gateway, which share its tasks.")
    ] = 1,
    gateway_url: Annotated[
        list[str] | None,
        typer.Option(help="MODE=URL of a pod that runs already; once for each pod.", show_default=False),
    ] = None,
    report: Annotated[Path, typer.Option(help="Where the HTML report goes.")] = Path("runs/sweep.html"),
) -> None:
    """Send bursts of growing size to each gateway: how long they take, predicted and measured.

    Exits with 0 only if every size took as long as the model says.
    """
    from inflight.terminal.output import Output
    from inflight.terminal.running import run
    from services.lab.options import mode_urls, sizes
    from services.lab.sweep.model import Setup
    from services.lab.sweep.sweep import Plan, sweep

    urls = mode_urls(gateway_url or [])
    modes = list(urls or dict.fromkeys(mode.value for mode in gateway))
    if urls and replicas > 1:
        raise typer.BadParameter(
            "it is for what is started here: give each pod's --gateway-url", param_hint="'--replicas'"
        )
    replicas = max((len(pods) for pods in urls.values()), default=replicas)
    plan = Plan(modes, sizes(tasks), repeat, Setup(delay, upstream_limit, replicas), urls)
    raise typer.Exit(0 if run(sweep(Output(), plan, report)) else 1)


@app.command()
def writes(  # noqa: PLR0913, PLR0917 - each is an option
    increments: Annotated[int, typer.Option(min=4, max=500, help="Increments sent at once.")] = 100,
    delay: Annotated[float, typer.Option(min=0.05, max=10, help="Seconds from a read to its write.")] = 0.2,
    gateway: Gateways = [Mode.sync, Mode.threadpool, Mode.awaiting],  # noqa: B006 - typer copies it
    gateway_url: Annotated[
        list[str] | None,
        typer.Option(help="MODE=URL of a pod that runs already; once for each pod.", show_default=False),
    ] = None,
    backend_url: Annotated[
        str | None, typer.Option(help="The backend behind those.", callback=checked_url, show_default=False)
    ] = None,
    report: Annotated[Path, typer.Option(help="Where the HTML report goes.")] = Path("runs/writes.html"),
) -> None:
    """Send increments at once through each gateway: how many arrive, and what protects them.

    Exits with 0 only if all was as claimed.
    """
    from inflight.terminal.output import Output
    from inflight.terminal.running import run
    from services.lab.options import mode_urls
    from services.lab.writes.writes import Plan, writes

    urls = mode_urls(gateway_url or [])
    if bool(urls) != (backend_url is not None):
        raise typer.BadParameter("--gateway-url and --backend-url go together", param_hint="'--backend-url'")
    modes = list(urls or dict.fromkeys(mode.value for mode in gateway))
    processes = (1,) if any(len(pods) == 1 for pods in urls.values()) else (1, 2)
    plan = Plan(modes, increments, delay, processes, urls, backend_url)
    raise typer.Exit(0 if run(writes(Output(), plan, report)) else 1)
