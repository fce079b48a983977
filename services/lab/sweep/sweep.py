"""`lab sweep`: bursts of growing size to each gateway, held against the model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import SpinnerColumn, TimeElapsedColumn

from inflight.report.run import Verdict
from inflight.terminal.files import check_writable
from inflight.terminal.progress import progress_on
from services.lab.printing import print_table, print_verdict
from services.lab.stage import backend_service, free_ports, gateway_processes, running
from services.lab.sweep.judge import judge
from services.lab.sweep.measure import Gateway, measure, requests_of, seconds_of
from services.lab.sweep.model import Setup
from services.lab.sweep.point import Series
from services.lab.sweep.report import write_sweep
from services.lab.sweep.tables import HEAD, NEEDED_DELAY, NEEDS_HEAD, needs, rows


@dataclass(frozen=True)
class Plan:
    """What is swept. `urls` are of processes that run already, by mode; without any, all are started for it."""

    modes: Sequence[str]
    sizes: Sequence[int]
    repeat: int
    setup: Setup
    urls: dict[str, list[str]]


async def sweep(console: Console, plan: Plan, report: Path) -> bool:
    """Measure, print the table and the verdicts, write the report; return whether all was as predicted."""
    check_writable(report)
    setup = plan.setup
    least = seconds_of(plan.modes, setup, plan.sizes, plan.repeat)
    console.print(
        f"Bursts of {plan.sizes[0]} to {plan.sizes[-1]} tasks, {plan.repeat} of each; at least {least:.0f} s.\n"
    )
    async with _gateways(plan) as gateways:
        series = [await _measured(console, gateway, plan) for gateway in gateways]
    verdicts = {each.mode: judge(each, setup) for each in series}
    _print(console, series, setup, verdicts)
    write_sweep(report, series, setup, verdicts)
    console.print(f"\nThe whole picture: {report}", markup=False, soft_wrap=True)
    return all(verdict.ok for verdict in verdicts.values())


async def _measured(console: Console, gateway: Gateway, plan: Plan) -> Series:
    progress = progress_on(console, SpinnerColumn(), TimeElapsedColumn())
    bar = progress.add_task(f"{gateway.mode}-gateway", total=requests_of(plan.sizes, plan.repeat))
    with progress:
        return await measure(gateway, plan.setup, plan.sizes, plan.repeat, lambda: progress.advance(bar))


@asynccontextmanager
async def _gateways(plan: Plan) -> AsyncIterator[list[Gateway]]:
    """Have the gateways run inside the block."""
    if plan.urls:
        yield [Gateway(mode, urls) for mode, urls in plan.urls.items()]
        return
    backend_ports, *ports = free_ports(1 + plan.setup.replicas * len(plan.modes))
    quiet = {"LOG_LEVEL": "warning"}  # nobody reads the lines, and writing them takes time
    limit = {} if plan.setup.limit is None else {"UPSTREAM_LIMIT": f"{plan.setup.limit}"}
    backend = backend_service(backend_ports, plan.setup.delay, _ignore, **quiet)
    processes = gateway_processes(plan.modes, ports, backend.url, _ignore, **quiet, **limit)
    async with running([backend, *(service for services in processes.values() for service in services)]):
        yield [
            Gateway(mode, [one.url for one in own], [one.admin_url for one in own]) for mode, own in processes.items()
        ]


def _ignore(_program: str, _line: str) -> None:
    pass


def _print(console: Console, series: Sequence[Series], setup: Setup, verdicts: dict[str, Verdict]) -> None:
    print_table(console, HEAD, rows(series, setup))
    console.print(f"\nProcesses that a delay of {NEEDED_DELAY:g} s would need:\n", style="bold")
    print_table(console, NEEDS_HEAD, needs(series, setup))
    console.print()
    for mode, verdict in verdicts.items():
        print_verdict(console, f"{mode}-gateway", verdict)
