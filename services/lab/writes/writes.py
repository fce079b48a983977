"""`lab writes`: increments at once through each gateway, in one process and in two, written in three ways."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import SpinnerColumn, TimeElapsedColumn

from inflight.report.parts import chart
from inflight.report.run import Verdict, machine
from inflight.terminal.files import check_writable
from inflight.terminal.progress import progress_on
from services.lab.page import Section, columns, paragraphs, table, verdicts, write_page
from services.lab.printing import print_table, print_verdict
from services.lab.stage import backend_service, free_ports, gateway_processes, running
from services.lab.writes.figure import bars
from services.lab.writes.judge import CONCLUSION, judge
from services.lab.writes.measure import Lab, attempt, retried
from services.lab.writes.trial import WAYS, Retry, Trial

HEAD = ("gateway", "processes", "write", "sent", "arrived", "lost", "seconds")
LEDE = (
    "{sent} increments at once went through each gateway to one counter in the backend. An increment reads it, "
    "waits {delay:g} s as the backend does, and writes it back: as it was read plus 1 (`plain`), the same only if "
    "nobody wrote meanwhile, else again (`if-match`), or by an operation of the backend (`atomic`)."
)


@dataclass(frozen=True)
class Plan:
    """What is tried. `urls`, by mode, and `backend_url` are of what runs already; without any, all are started."""

    modes: Sequence[str]
    sent: int
    delay: float
    processes: Sequence[int]
    urls: dict[str, list[str]]
    backend_url: str | None


async def writes(console: Console, plan: Plan, report: Path) -> bool:
    """Try everything, print the table and the verdicts, write the report; return whether all was as claimed."""
    check_writable(report)
    least = 3 * plan.sent * plan.delay * sum(1 / number for number in plan.processes)
    alone = f"; sync alone takes at least {least:.0f} s" if "sync" in plan.modes else ""
    console.print(f"{plan.sent} increments at once{alone}.\n")
    async with _lab(plan) as lab:
        trials, retries = await _tried(console, lab, plan)
    found = judge(trials, retries, plan.delay)
    print_table(console, HEAD, map(_row, trials))
    console.print()
    for name, verdict in found.items():
        print_verdict(console, name, verdict)
    console.print(f"\n{CONCLUSION}", style="bold")
    _write(report, plan, trials, found)
    console.print(f"\nThe whole picture: {report}", markup=False, soft_wrap=True)
    return all(verdict.ok for verdict in found.values())


async def _tried(console: Console, lab: Lab, plan: Plan) -> tuple[list[Trial], list[Retry]]:
    progress = progress_on(console, SpinnerColumn(), TimeElapsedColumn())
    bar = progress.add_task("increments", total=2 * plan.sent * len(plan.modes) * len(plan.processes) * len(WAYS))
    with progress:
        trials = [
            await attempt(lab, mode, number, way, plan.sent, lambda: progress.advance(bar))
            for way in WAYS
            for number in plan.processes
            for mode in plan.modes
        ]
        return trials, [await retried(lab, mode) for mode in plan.modes]


@asynccontextmanager
async def _lab(plan: Plan) -> AsyncIterator[Lab]:
    """Have the backend, and as many processes of each gateway as are needed, run inside the block."""
    if plan.backend_url is not None:
        yield Lab.at(plan.backend_url, plan.urls, plan.delay)
        return
    backend_ports, *ports = free_ports(1 + max(plan.processes) * len(plan.modes))
    backend = backend_service(backend_ports, plan.delay, _ignore, LOG_LEVEL="warning")
    gateways = gateway_processes(plan.modes, ports, backend.url, _ignore, LOG_LEVEL="warning")
    async with running([backend, *(service for services in gateways.values() for service in services)]):
        urls = {mode: [service.url for service in services] for mode, services in gateways.items()}
        yield Lab.at(backend.url, urls, plan.delay)


def _ignore(_program: str, _line: str) -> None:
    pass


def _row(trial: Trial) -> list[str]:
    counts = (trial.sent, trial.arrived, trial.lost)
    return [trial.mode, f"{trial.processes}", trial.way, *map(str, counts), f"{trial.seconds:.2f}"]


def _write(path: Path, plan: Plan, trials: Sequence[Trial], found: dict[str, Verdict]) -> None:
    titles = {f"Increments that arrived, of {plan.sent}": False, "Seconds until the last response": True}
    charts = [
        (title, chart("bars", title, f"{title}; the table has the same figures", bars(trials, seconds=seconds)))
        for title, seconds in titles.items()
    ]
    sections = [
        Section("What arrived, and how long it took", columns(charts)),
        Section("As claimed?", verdicts(found) + paragraphs(CONCLUSION)),
        Section("The same in figures", table(HEAD, map(_row, trials))),
    ]
    facts = {"Machine": machine(), "Backend's delay": f"{plan.delay:g} s"}
    write_page(path, "Does blocking protect data?", LEDE.format(sent=plan.sent, delay=plan.delay), facts, sections)
