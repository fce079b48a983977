"""A look as a table that stands on the terminal and changes."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from inflight.watch.lines import known, namespace, process
from inflight.watch.port import Port
from inflight.watch.watcher import Look

SERVING = "serving"
TROUBLE = "bold red"


def screen(look: Look, first: Look, highest: dict[int, int]) -> Group:
    """Return the ports' figures, one a row, and what they mean; `first` is what the counters' growth counts from."""
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in ("port", "accept queue", "highest", "open", "unread", "oldest"):
        table.add_column(heading, justify="right", no_wrap=True, min_width=len(heading))
    table.add_column("process", no_wrap=True, overflow="ellipsis", ratio=1)
    for port in look.ports:
        table.add_row(*_row(port, highest), style="" if port.verdict == SERVING else TROUBLE)
    counters = namespace(look, first)
    return Group(
        *_verdicts(look),  # first: a terminal cuts off what it has no lines for
        Text(),
        table,
        Text(f"network namespace: {counters} since this began" if counters else "", style="dim"),
        Text(look.missing or "", style="yellow"),
    )


def _row(port: Port, highest: dict[int, int]) -> list[Text]:
    if not port.listening:
        return [Text(str(port.port))]
    queue = f"{known(port.accept_queue)} / {known(port.accept_queue_limit)}"
    oldest = "?" if port.oldest_unread_seconds is None else f"{port.oldest_unread_seconds:.1f} s"
    figures = [queue, known(highest.get(port.port)), known(port.connections), known(port.unread), oldest]
    return [Text(text) for text in (str(port.port), *figures, process(port))]


def _verdicts(look: Look) -> list[Text]:
    """Return a line for each port that is not just serving, or one for all of them."""
    found = [Text(f"{port.port}: {port.verdict}", style=TROUBLE) for port in look.ports if port.verdict != SERVING]
    return found or [Text(SERVING, style="green")]
