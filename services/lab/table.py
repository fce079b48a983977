"""The table: for each task how long it took, and where it waited."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.table import Table

from inflight.ledger import QUEUES
from inflight.report.run import TargetRun
from inflight.send.outcome import OK
from inflight.send.record import Record

REST = ("sender", "connect", "receive", "application", "first byte", "body", "network")
SHOWN = 12
"""Tasks of a gateway that are shown; of more, the first and the last ones, and the report has them all."""


def table_of(targets: Iterable[TargetRun]) -> Table:
    """Return the table of a run, in seconds; a queue that a gateway does not have shows a dash."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("gateway", no_wrap=True)
    table.add_column("task", no_wrap=True)
    table.add_column("took", justify="right", no_wrap=True, style="bold")
    for name in (*QUEUES, "upstream", "rest"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("status", justify="right", no_wrap=True)
    for target in targets:
        name = target.name.removesuffix("-gateway")
        records = sorted(target.requests, key=lambda record: record.finished)
        hidden = len(records) - SHOWN
        for place, record in enumerate(records):
            if hidden <= 0 or place < SHOWN // 2 or place >= len(records) - SHOWN // 2:
                table.add_row(name, *_cells(record))
            elif place == SHOWN // 2:
                table.add_row(name, f"(+{hidden})", "...", style="dim")
        table.add_section()
    return table


def _cells(record: Record) -> list[str]:
    waits = [_seconds(record.ledger.get(name)) for name in (*QUEUES, "upstream")]
    rest = sum(record.ledger.get(name, 0.0) for name in REST) if record.ledger else None
    response = str(record.status) if record.outcome == OK else record.outcome
    return [record.task, _seconds(record.seconds), *waits, _seconds(rest), response]


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
