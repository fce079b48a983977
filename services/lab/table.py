"""The table: for each task how long it took, and where it waited."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table

from services.lab.run import GatewayRun
from services.sender.outcome import OK
from services.sender.record import Record
from services.telemetry.ledger import QUEUES

REST = ("sender", "connect", "application", "network")
WIDEST = 1000
"""Columns."""
SHOWN = 12
"""Tasks of a gateway that are shown; of more, the first and the last ones, and the report has them all."""


def table_of(gateways: Iterable[GatewayRun]) -> Table:
    """Return the table of a run, in seconds; a queue that a gateway does not have shows a dash."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("gateway", no_wrap=True)
    table.add_column("task", no_wrap=True)
    table.add_column("took", justify="right", no_wrap=True, style="bold")
    for name in (*QUEUES, "upstream", "rest"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("answer", justify="right", no_wrap=True)
    for gateway in gateways:
        name = gateway.mode or gateway.name
        records = sorted(gateway.requests, key=lambda record: record.finished)
        hidden = len(records) - SHOWN
        for place, record in enumerate(records):
            if hidden <= 0 or place < SHOWN // 2 or place >= len(records) - SHOWN // 2:
                table.add_row(name, *_cells(record))
            elif place == SHOWN // 2:
                table.add_row(name, f"(+{hidden})", "...", style="dim")
        table.add_section()
    return table


def print_whole(console: Console, table: Table) -> None:
    """Print the table as wide as it needs to be: better lines that the terminal wraps than figures that are cut off."""
    needed = console.measure(table, options=console.options.update(width=WIDEST)).maximum
    width = max(needed, console.width)
    # With a height as well: without one, rich takes every dumb terminal to be 80 columns wide.
    Console(file=console.file, width=width, height=console.height, force_terminal=console.is_terminal).print(table)


def _cells(record: Record) -> list[str]:
    waits = [_seconds(record.ledger.get(name)) for name in (*QUEUES, "upstream")]
    rest = sum(record.ledger.get(name, 0.0) for name in REST) if record.ledger else None
    answer = str(record.status) if record.outcome == OK else record.outcome
    return [record.task, _seconds(record.seconds), *waits, _seconds(rest), answer]


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
