"""`lab demo`: the experiment. The same tasks to the same gateway built three ways, and where each task waited."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import SpinnerColumn, TimeElapsedColumn

from inflight.report.page import write_report
from inflight.report.run import Run, Sample, TargetRun, machine, write_run
from inflight.send.sender import TASK, Target
from inflight.terminal.files import check_writable
from inflight.terminal.progress import progress_on
from inflight.terminal.table import print_whole
from services.lab.bursts import send_burst
from services.lab.printing import print_verdict
from services.lab.process import Service
from services.lab.prose import about, about_gateway
from services.lab.sampling import sampled
from services.lab.screen import Screen
from services.lab.stage import backend_service, free_ports, gateway_service, running
from services.lab.table import table_of
from services.lab.verdict import judge
from services.serving.settings import GatewayMode

RESPONSE_WITHIN = 60.0
"""Seconds beyond the longest time that is expected of a task."""


@dataclass(frozen=True)
class Experiment:
    """What is tried: this many tasks at once to the gateway of each mode, each taking `delay` seconds."""

    modes: Sequence[GatewayMode]
    delay: float
    tasks: int


async def demo(console: Console, experiment: Experiment, report: Path, json: Path) -> bool:
    """Run the experiment, print it as it happens, write the report and the run; return whether all was as claimed."""
    for path in (report, json):
        check_writable(path)
    console.print(
        f"The backend takes {experiment.delay:g} s for each task. "
        f"{experiment.tasks} tasks at once go to each gateway in turn.\n",
        style="bold",
    )
    screen = Screen(console, quiet=True)
    handler = screen.follow(logging.getLogger("inflight.send"), "sender")
    started = datetime.now(UTC)
    try:
        targets = await _bursts(screen, experiment)
    finally:
        logging.getLogger("inflight.send").removeHandler(handler)
    run = Run(
        started=started,
        machine=machine(),
        about=about(len(targets), experiment.delay),
        facts={"Backend's delay": f"{experiment.delay:g} s"},
        targets=targets,
    )
    _conclude(console, run)  # first, for it would be lost if the files cannot be written
    write_run(run, json)
    write_report(run, report)
    console.print(f"\nThe whole picture: {report}\nThe raw run:       {json}", markup=False, soft_wrap=True)
    return all(target.verdict is not None and target.verdict.ok for target in targets)


async def _bursts(screen: Screen, experiment: Experiment) -> list[TargetRun]:
    console = screen.console
    backend_ports, *ports = free_ports(1 + len(experiment.modes))
    backend = backend_service(backend_ports, experiment.delay, screen.print)
    gateways = {
        mode: gateway_service(mode, pair, backend.url, screen.print)
        for mode, pair in zip(experiment.modes, ports, strict=True)
    }
    runs = []
    async with running([backend, *gateways.values()]):
        await _warm_up(gateways.values())
        for mode, gateway in gateways.items():
            console.rule(f"[bold]{gateway.name}[/]", align="left", characters="-")
            with screen.shown():
                runs.append(await _burst(console, mode, gateway, experiment))
                await asyncio.gather(gateway.caught_up(), backend.caught_up())
            console.print()
        console.rule(characters="-")
    return runs


async def _warm_up(gateways: Iterable[Service]) -> None:
    """Send one request to each gateway: a FastAPI application's first one takes tens of milliseconds of its own."""
    targets = [Target(gateway.name, f"{gateway.url}/warm-up?delay=0") for gateway in gateways]
    await asyncio.gather(*(send_burst([target], 1, RESPONSE_WITHIN) for target in targets))


async def _burst(console: Console, mode: GatewayMode, gateway: Service, experiment: Experiment) -> TargetRun:
    progress = progress_on(console, SpinnerColumn(), TimeElapsedColumn())
    bar = progress.add_task(gateway.name, total=experiment.tasks)

    def show(sample: Sample) -> None:
        waiting = ", ".join(f"{queue} {count}" for queue, count in sample.waiting.items() if count)
        progress.update(bar, description=f"in flight {sample.in_flight}; waiting: {waiting or 'none'}")

    target = Target(gateway.name, f"{gateway.url}/{TASK}")
    longest = experiment.tasks * experiment.delay + RESPONSE_WITHIN
    with progress:
        async with sampled(gateway.admin_url, show) as samples:
            records = await send_burst([target], experiment.tasks, longest, lambda _record: progress.advance(bar))
    verdict = judge(mode, experiment.delay, records, samples)
    return TargetRun(
        name=gateway.name,
        url=target.url,
        about=about_gateway(mode, as_claimed=verdict.ok),
        requests=records,
        samples=samples,
        verdict=verdict,
    )


def _conclude(console: Console, run: Run) -> None:
    console.print("Where each task's time went, in seconds:\n", style="bold")
    print_whole(console, table_of(run.targets))
    console.print()
    for gateway in run.targets:
        assert gateway.verdict is not None
        print_verdict(console, gateway.name, gateway.verdict)
