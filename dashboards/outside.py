"""The dashboard "From outside": what the kernel tells of a server's ports, whatever language it is written in."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import kernel
from dashboards.alerts import alerts
from dashboards.board import CHOSEN, Board
from dashboards.graph import Graph, graph
from dashboards.headline import Tile, headline
from dashboards.note import note
from dashboards.queries import firing
from dashboards.query import Line
from dashboards.variables import CHOSEN_LABELS, variables

UID = "outside"
WIDTH, HEIGHT = 12, 7
NOTE_HEIGHT, HEADLINE_HEIGHT, ALERTS_HEIGHT = 2, 3, 4
TOO_OLD = 1.0
"""Seconds unread: what `inflight watch` gives up at, too."""

INTRODUCTION = (
    "From `inflight watch --admin-port`, beside the server. **Unread** and **oldest** rise: nobody reads, it hangs. "
    "The **accept queue** reaches its limit: too few are accepted, and the kernel **drops** the rest."
)
NOW = (
    Tile("oldest unread", kernel.oldest_unread(CHOSEN_LABELS, by=""), "s", bad_from=TOO_OLD, decimals=1),
    Tile("unread connections", kernel.unread(CHOSEN_LABELS, by=""), "short", bad_from=2),
    Tile("accept queue full", kernel.accept_queue_share(CHOSEN_LABELS), "percentunit", bad_from=0.8),
    Tile("dropped, last minute", kernel.dropped(CHOSEN_LABELS), "short", bad_from=1),
)
NOW_MEANS = "The worst port now, and the connections that the kernel refused in the last minute, on all ports together."
PANELS = (
    Graph(
        title="Oldest unread, by port",
        description="How long the oldest byte has lain in a socket that nobody reads. Above the line the server hangs.",
        lines=(Line("port {{port}}", kernel.oldest_unread(CHOSEN_LABELS)),),
        unit="s",
        soft_max=2,
        limit=TOO_OLD,
    ),
    Graph(
        title="Unread connections, by port",
        description="Connections with bytes that the server has not read: where nobody reads, requests that wait.",
        lines=(Line("port {{port}}", kernel.unread(CHOSEN_LABELS)),),
        total=kernel.unread(CHOSEN_LABELS, by=""),
        unit="short",
        soft_max=10,
        stacked=True,
        stepped=True,
    ),
    Graph(
        title="Accept queue and its limit, by port",
        description="Connections that the kernel has opened and the server has not accepted. At the limit no more are.",
        lines=(
            Line("port {{port}}", kernel.accept_queue(CHOSEN_LABELS)),
            Line("limit of port {{port}}", kernel.accept_queue_limit(CHOSEN_LABELS)),
        ),
        unit="short",
        soft_max=10,
        stepped=True,
    ),
    Graph(
        title="Dropped by the kernel",
        description="Listen overflows, of all ports of the pod or machine: each is a client that waits for TCP to try "
        "again, after 1 s, then 2 s, then 4 s.",
        lines=(Line("overflows", kernel.overflows(CHOSEN_LABELS)),),
        unit="cps",
        soft_max=1,
    ),
)


def build() -> Dashboard:
    """Return the dashboard."""
    board = Board(UID, "From outside", "Ports, queues, what lies unread, what the kernel refuses.", CHOSEN)
    for variable in variables("tcp_accept_queue"):
        board.dashboard.with_variable(variable)
    board.add([note(INTRODUCTION, 24, NOTE_HEIGHT), headline(NOW, NOW_MEANS, 24, HEADLINE_HEIGHT)])
    board.add(graph(spec, WIDTH, HEIGHT) for spec in PANELS)
    board.add([alerts(firing('service=~"$service"'), 24, ALERTS_HEIGHT)])
    return board.dashboard.build()
