"""What the lab's experiments print at their end: a table of figures, and their verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from inflight.report.run import Verdict
from inflight.terminal.table import print_whole


def print_table(console: Console, head: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """Print a table, as wide as it needs to be; the first column are words, the others figures."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for place, name in enumerate(head):
        table.add_column(name, justify="right" if place else "left", no_wrap=True)
    for line in lines:
        table.add_row(*line)
    print_whole(console, table)


def print_verdict(console: Console, name: str, verdict: Verdict) -> None:
    """Print whether what was claimed of `name` was seen, and the sentence that says it."""
    word, style = ("as claimed", "green") if verdict.ok else ("NOT AS CLAIMED", "bold red")
    console.print(f"[bold]{name}[/] ([{style}]{word}[/]): {verdict.sentence}")
