"""A look as a table that stands on the terminal and changes."""

from __future__ import annotations

from datetime import datetime

from rich.table import Table
from rich.text import Text

from inflight.watch.lines import known, namespace, process
from inflight.watch.port import Port
from inflight.watch.watcher import Look


def table(look: Look, first: Look, highest: dict[int, int]) -> Table:
    """Return the ports, one a row; `first` is the look that the counters' growth is counted from."""
    found = Table(box=None, pad_edge=False, expand=True, caption=_caption(look, first), caption_justify="left")
    found.add_column("port", justify="right")
    for heading in ("accept queue", "highest", "connections", "unread", "oldest"):
        found.add_column(heading, justify="right", no_wrap=True)
    found.add_column("verdict", ratio=3)
    found.add_column("process since", no_wrap=True)
    found.add_column("process", ratio=2, no_wrap=True, overflow="ellipsis")
    for port in look.ports:
        found.add_row(*_row(port, highest))
    return found


def _row(port: Port, highest: dict[int, int]) -> list[Text]:
    style = {"serving": "green", "nobody listens": "yellow"}.get(port.verdict, "bold red")
    figures = ["", "", "", "", ""]
    if port.listening:
        figures = [
            f"{known(port.accept_queue)} / {known(port.accept_queue_limit)}",
            known(highest.get(port.port)),
            known(port.connections),
            known(port.unread),
            "?" if port.oldest_unread_seconds is None else f"{port.oldest_unread_seconds:.1f} s",
        ]
    since = "" if port.process is None else f"{datetime.fromtimestamp(port.process.started):%d %b %H:%M:%S}"  # noqa: DTZ006
    cells = [Text(text) for text in (str(port.port), *figures)]
    return [*cells, Text(port.verdict, style=style), Text(since), Text(process(port))]


def _caption(look: Look, first: Look) -> Text:
    counters = namespace(look, first)
    lines = [f"network namespace: {counters} since this began"] if counters else []
    return Text("\n".join([*lines, *([look.missing] if look.missing else [])]))
