"""The dashboard "Service": any one service by its golden signals (https://sre.google/sre-book/monitoring-distributed-systems/)."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import queries
from dashboards.alerts import alerts
from dashboards.board import CHOSEN, Board
from dashboards.culprits import culprits
from dashboards.graph import Graph, graph
from dashboards.heatmap import latencies
from dashboards.query import Line
from dashboards.variables import CHOSEN_LABELS, variables

UID = "service"
WIDTH, HEIGHT = 8, 6
ALERTS_HEIGHT = 4

TRAFFIC = (
    Graph(
        title="Traffic: by status",
        description="Requests completed, by HTTP status. Look for one that was not there before; 499: the client left.",
        lines=(Line("{{code}}", queries.completed_by_code(CHOSEN_LABELS)),),
        unit="reqps",
        soft_max=3,
        stacked=True,
    ),
    Graph(
        title="Traffic: by pod",
        description="Requests completed by each pod. After a scale-out the new ones must get a share of them: a "
        "connection that is kept alive stays with the pod that took it.",
        lines=(Line("{{pod}} {{instance}}", queries.completed(CHOSEN_LABELS, "pod, instance")),),
        unit="reqps",
        soft_max=3,
        stacked=True,
    ),
    Graph(
        title="Errors: share of 5xx",
        description="Flat at 0 is well. Above 5% over a minute, at one of the lab's gateways, GatewayErrors fires.",
        lines=(Line("5xx", queries.errors(CHOSEN_LABELS)),),
        unit="percentunit",
        soft_max=0.1,
        limit=0.05,
    ),
)
LATENCY = Graph(
    title="Latency: in the application",
    description="The mean is exact; p99 is an estimate from histogram buckets. While nothing ends the last value "
    "stands. What passed before is on the right.",
    lines=(
        Line("mean", queries.application_latency(CHOSEN_LABELS)),
        Line("p99, estimated", queries.latency_quantile(CHOSEN_LABELS, 0.99)),
    ),
    unit="s",
    soft_max=2,
    held=True,
)
SPREAD = "Each request where its latency puts it: two bands are two kinds of requests, which a mean would hide."
WHERE = Graph(
    title="Where the time goes",
    description="Mean waits in each queue, and mean calls to an upstream. Everything but upstream is a queue; kernel, "
    "and most of loop, come before what is on the left. Where nothing ended there is no bar.",
    lines=(
        Line("{{queue}}", queries.wait_by_queue(CHOSEN_LABELS)),
        Line("upstream", queries.upstream_latency(CHOSEN_LABELS)),
    ),
    unit="s",
    soft_max=2,
    stacked=True,
    bars=True,
)
SATURATION = (
    Graph(
        title="Saturation: in flight",
        description="Requests inside the application. On a blocked event loop it reads 1: look at what waits as well.",
        lines=(Line("in flight", queries.in_flight(CHOSEN_LABELS)),),
        unit="short",
        soft_max=10,
        stepped=True,
    ),
    Graph(
        title="Saturation: waiting by queue",
        description="Above 0 for more than a moment: something is full. A queue that is not measured has no area.",
        lines=(Line("{{queue}}", queries.waiting(CHOSEN_LABELS, "queue")),),
        total=queries.waiting(CHOSEN_LABELS),
        unit="short",
        soft_max=10,
        stacked=True,
        stepped=True,
    ),
    Graph(
        title="Saturation: event loop stall",
        description="Above 0.2 s again and again: something blocks the loop, and every request pays for it.",
        lines=(Line("stood still", queries.stalled(CHOSEN_LABELS)),),
        unit="s",
        soft_max=1,
        limit=0.2,
    ),
)
CPU = Graph(
    title="Saturation: CPU, in cores",
    description="Near 1 for each event loop, the service works; slow and far below, it waits.",
    lines=(Line("cores", queries.cpu(CHOSEN_LABELS)),),
    unit="short",
    soft_max=0.2,
)


def build() -> Dashboard:
    """Return the dashboard."""
    board = Board(UID, "Service", "Traffic, errors, latency and saturation of one service.", CHOSEN)
    for variable in variables("http_requests_waiting", service="sync-gateway"):
        board.dashboard.with_variable(variable)
    board.add([alerts(queries.firing('service=~"$service"'), 24, ALERTS_HEIGHT)])
    board.add(graph(spec, WIDTH, HEIGHT) for spec in TRAFFIC)
    board.add(
        [
            graph(LATENCY, WIDTH, HEIGHT),
            latencies("Latency: heatmap", SPREAD, queries.latency_buckets(CHOSEN_LABELS), WIDTH, HEIGHT),
            graph(WHERE, WIDTH, HEIGHT),
        ]
    )
    board.add(graph(spec, WIDTH, HEIGHT) for spec in SATURATION)
    board.add([culprits(CHOSEN_LABELS, 2 * WIDTH, HEIGHT), graph(CPU, WIDTH, HEIGHT)])
    return board.dashboard.build()
