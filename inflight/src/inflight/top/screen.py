"""How a picture looks on a terminal of any size, and as plain text where there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from inflight.ledger import QUEUES
from inflight.top.bar import bar, legend
from inflight.top.picture import Holder, Picture, Route, Worker, lost

BAR = 24
"""Columns."""
NARROW = 100
"""Columns below which a request's line has no bar, so that its route and its place stay readable."""
FEWEST = 3
"""Lines that a table has at the least."""
STALLED = 0.2
"""Seconds without a heartbeat that are shown in red."""

SORTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "age": lambda request: -request["age"],
    "lost": lambda request: -lost(request),
    "route": lambda request: (request.get("route", ""), -request["age"]),
    "state": lambda request: (request["state"], -request["age"]),
}
"""The orders of the requests; a key is the order's first letter."""


def screen(picture: Picture, *, sort: str = "age", width: int = 120, height: int | None = None) -> RenderableType:
    """Return the picture for so many columns and lines; without a height, all of it."""
    fixed: list[RenderableType] = [_workers(picture.workers)]
    fixed.extend(_blocked(worker) for worker in picture.workers if worker.blocked)
    left = None if height is None else height - len(picture.workers) - len(fixed) - 5
    holders, routes = picture.holders[: _share(left, 6)], picture.routes[: _share(left, 4)]
    if left is not None:
        left -= len(routes) + 2 + (len(holders) + 2 if holders else 0)
    requests = sorted(picture.requests, key=SORTS[sort])
    shown = requests if left is None else requests[: max(FEWEST, left)]
    of = len(requests) + picture.unlisted
    parts = list(fixed)
    if picture.missing:
        parts.append(Text(f"not all requests in flight are known: {picture.missing}", style="red"))
    if shown:
        parts += [Text(f"{len(shown)} of {of} requests in flight, by {sort}"), _requests(shown, width)]
    elif not picture.missing:
        parts.append(Text("no requests in flight"))
    if shown and width >= NARROW:
        parts.append(legend())
    parts += [Text("Routes, by time lost in queues now"), _routes(routes)]
    if holders:
        parts += [Text("What has held the event loop since the start"), _holders(holders)]
    return Group(*parts)


def _share(left: int | None, part: int) -> int | None:
    return None if left is None else max(FEWEST, left // part)


def _table(*columns: str) -> Table:
    """Return a table whose columns are aligned to the right, but for those that begin with a `<`."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        left = column.startswith("<")
        table.add_column(
            column.removeprefix("<"), justify="left" if left else "right", no_wrap=True, overflow="ellipsis"
        )
    return table


def _rigid(table: Table, *, but: int) -> Table:
    """Return a table whose columns keep their width where the terminal is narrow, except for so many on the right."""
    for column in table.columns[: len(table.columns) - but]:
        cells = (column.header, *column.cells)
        column.min_width = max(cell_len(str(cell)) for cell in cells)
    return table


def _workers(workers: list[Worker]) -> Table:
    named = any(worker.name for worker in workers)
    table = _table(*(["<worker"] if named else []), "in flight", *QUEUES, "requests/s", "stall", "oldest unread")
    for worker in workers:
        stalled = worker.stalled is not None and worker.stalled >= STALLED
        table.add_row(
            *([worker.name or "not accepted"] if named else []),
            _count(worker.in_flight),
            *(_count(worker.waiting.get(queue)) for queue in QUEUES),
            _number(worker.rate, "{:.1f}"),
            Text(_seconds(worker.stalled), style="bold red" if stalled else ""),
            _seconds(worker.oldest_unread),
        )
    return _rigid(table, but=0)


def _blocked(worker: Worker) -> Text:
    blocked = worker.blocked or {}
    name = f"worker {worker.name}: " if worker.name else ""
    route = " ".join(filter(None, (blocked["method"], blocked["route"])))
    return Text(f"{name}blocked by {blocked['where']} for {blocked['for']:.1f} s, {route}", style="bold red")


def _requests(requests: list[dict[str, Any]], width: int) -> Table:
    wide = width >= NARROW
    table = _table("age", "<is in", "for", *(["<where its time went"] if wide else []), "<route", "<at")
    for request in requests:
        route = " ".join(filter(None, (request.get("method"), request.get("route", "not begun"))))
        table.add_row(
            _seconds(request["age"]),
            Text(request["state"]),
            _seconds(request["for"]),
            *([bar(request["ledger"], BAR)] if wide else []),
            Text(route if request["kind"] == "http" else f"WebSocket {request.get('route', '')}"),
            _place(request),
        )
    return _rigid(table, but=2)


def _place(request: dict[str, Any]) -> Text:
    text = Text(request.get("at", ""))
    if "blocked_by" in request:
        text.append(" (blocked)", style="red")
    if "waited_for" in request:
        text.append(f" waited for {request['waited_for']}", style="dim")
    return text


def _routes(routes: list[Route]) -> Table:
    table = _table("lost in queues", "in flight", "requests/s", "latency", "<route")
    for route in routes:
        table.add_row(
            _seconds(route.lost),
            str(route.in_flight),
            _number(route.rate, "{:.1f}"),
            _seconds(route.latency),
            Text(route.name),
        )
    return _rigid(table, but=1)


def _holders(holders: list[Holder]) -> Table:
    table = _table("blocked", "waited", "<by", "<route")
    for holder in holders:
        table.add_row(_seconds(holder.seconds), str(holder.waited), Text(holder.where), Text(holder.route))
    return _rigid(table, but=2)


def _count(number: int | None) -> str:
    return "-" if number is None else str(number)


def _number(number: float | None, form: str) -> str:
    return "-" if number is None else form.format(number)


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
