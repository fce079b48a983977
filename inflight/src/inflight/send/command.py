"""`inflight send`: the sender alone, against any HTTP service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry
from rich.console import Console
from rich.progress import SpinnerColumn, TimeRemainingColumn

from inflight.admin import AdminServer, PortError
from inflight.report.run import Run, TargetRun, machine, write_run
from inflight.send.metrics import SenderMetrics
from inflight.send.outcome import OK
from inflight.send.sender import Sender, Target
from inflight.send.summary import summarise
from inflight.terminal.errors import CommandError
from inflight.terminal.files import check_writable
from inflight.terminal.progress import progress_on
from inflight.terminal.urls import without_userinfo


@dataclass(frozen=True)
class Plan:
    """What is sent: a GET to `url` at each of the schedule's seconds, and `timeout` seconds for each whole response."""

    url: str
    schedule: Sequence[float]
    timeout: float


async def send(console: Console, plan: Plan, json: Path | None, metrics_port: int | None) -> bool:
    """Send, show the progress, print the summary, write the run; return whether every request went well.

    Being cancelled ends the sending; the summary and the file come all the same. Raises CommandError.
    """
    if json is not None:
        check_writable(json)
    shown = without_userinfo(plan.url)
    started = datetime.now(UTC)
    progress = progress_on(console, SpinnerColumn(), TimeRemainingColumn())
    bar = progress.add_task("finished", total=len(plan.schedule))
    with _metrics(metrics_port, console) as metrics, progress:
        target = Target(shown, plan.url)
        sender = Sender(target, plan.timeout, metrics, on_record=lambda _record: progress.advance(bar))
        records = await sender.send(plan.schedule)
    console.print(summarise(shown, records, len(plan.schedule)), markup=False, soft_wrap=True)
    if json is not None:
        sent_to = TargetRun(name=shown, url=shown, requests=records)
        write_run(Run(started=started, machine=machine(), targets=[sent_to]), json)
        console.print(f"The raw run: {json}", markup=False, soft_wrap=True)
    return len(records) == len(plan.schedule) and all(record.outcome == OK for record in records)


@contextmanager
def _metrics(port: int | None, console: Console) -> Iterator[SenderMetrics | None]:
    """Serve the sender's metrics on `port` for the length of the block; without a port there are none."""
    if port is None:
        yield None
        return
    registry = CollectorRegistry()
    metrics = SenderMetrics(registry)
    try:
        admin = AdminServer("127.0.0.1", port, registry, setting="--metrics-port")
    except PortError as error:
        raise CommandError(str(error)) from error
    admin.start()
    console.print(f"metrics: http://127.0.0.1:{admin.port}/metrics")
    try:
        yield metrics
    finally:
        admin.close()
