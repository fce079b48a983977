"""`inflight send`: the sender alone, against anything that answers HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry
from rich.console import Console
from rich.progress import SpinnerColumn, TimeRemainingColumn

from services.lab.errors import LabError
from services.lab.files import check_writable
from services.lab.progress import progress_on
from services.lab.run import GatewayRun, Run, machine, write_run
from services.lab.summary import summarise
from services.sender.metrics import SenderMetrics
from services.sender.outcome import OK
from services.sender.sender import Sender, Target
from services.telemetry.admin import AdminServer, PortError
from services.userinfo import without_userinfo


@dataclass(frozen=True)
class Plan:
    """What is sent: a GET to `url` at each of the schedule's seconds, and `timeout` seconds for each whole answer."""

    url: str
    schedule: Sequence[float]
    timeout: float


async def send(console: Console, plan: Plan, json: Path | None, metrics_port: int | None) -> bool:
    """Send, show the progress, print the summary, write the run; return whether every request went well.

    Being cancelled ends the sending; the summary and the file come all the same. Raises LabError.
    """
    if json is not None:
        check_writable(json)
    shown = without_userinfo(plan.url)
    started = datetime.now(UTC)
    progress = progress_on(console, SpinnerColumn(), TimeRemainingColumn())
    bar = progress.add_task("answered", total=len(plan.schedule))
    with _metrics(metrics_port, console) as metrics, progress:
        target = Target(shown, plan.url)
        sender = Sender(target, plan.timeout, metrics, on_record=lambda _record: progress.advance(bar))
        records = await sender.send(plan.schedule)
    console.print(summarise(shown, records, len(plan.schedule)), markup=False, soft_wrap=True)
    if json is not None:
        gateway = GatewayRun(name=shown, url=shown, requests=records)
        write_run(Run(started=started, machine=machine(), gateways=[gateway]), json)
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
        admin = AdminServer("127.0.0.1", port, registry)
    except PortError as error:
        raise LabError(str(error).replace("set ADMIN_PORT (or HOST)", "set --metrics-port")) from error
    admin.start()
    console.print(f"metrics: http://127.0.0.1:{admin.port}/metrics")
    try:
        yield metrics
    finally:
        admin.close()
