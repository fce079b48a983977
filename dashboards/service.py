"""The dashboard "Service": any one service by its golden signals (https://sre.google/sre-book/monitoring-distributed-systems/)."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery, Dashboard, DashboardLink, QueryVariable
from grafana_foundation_sdk.models.dashboard import Dashboard as DashboardModel
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from dashboards import comparison, queries
from dashboards.panels import DATASOURCE, Graph, Line, add, graph

UID = "service"
TITLE = "Service"
SERVICE = "$service"
WIDTH, HEIGHT = 12, 8

TRAFFIC = (
    Graph(
        title="Traffic: requests completed per second, by status",
        description="What the service does. Look for a code that was not there before; 499 is a client that went away.",
        lines=(Line("{{code}}", queries.completed_by_code(SERVICE)),),
        unit="short",
        soft_max=3,
        stacked=True,
    ),
    Graph(
        title="Errors: share of 5xx in the last minute",
        description="Flat at 0 is well. Above 5% at a gateway, for 10 s, the alert GatewayErrors fires.",
        lines=(Line("5xx", queries.errors(SERVICE)),),
        unit="percentunit",
        soft_max=0.1,
    ),
)
LATENCY = (
    Graph(
        title="Latency: as the application sees it",
        description="The mean is exact; p99 is an estimate from histogram buckets. What passed before is on the right.",
        lines=(
            Line("mean", queries.application_latency(SERVICE)),
            Line("p99, estimated", queries.latency_quantile(SERVICE, 0.99)),
        ),
        unit="s",
        soft_max=2,
    ),
    Graph(
        title="Where the time goes: mean wait in each queue, and upstream",
        description="Everything but upstream is a queue. kernel, and most of loop, come before what is on the left.",
        lines=(
            Line("{{queue}}", queries.wait_by_queue(SERVICE)),
            Line("upstream", queries.upstream_latency(SERVICE)),
        ),
        unit="s",
        soft_max=2,
        stacked=True,
    ),
)
SATURATION = (
    Graph(
        title="Saturation: requests in flight",
        description="Requests inside the application. On a blocked event loop it reads 1: look at what waits as well.",
        lines=(Line("in flight", queries.in_flight(SERVICE)),),
        unit="short",
        soft_max=10,
        stepped=True,
    ),
    Graph(
        title="Saturation: requests waiting, by queue",
        description="Above 0 for more than a moment: something is full. After 5 s RequestsWaiting fires and names it.",
        lines=(Line("{{queue}}", queries.waiting_by_queue(SERVICE)),),
        unit="short",
        soft_max=10,
        stacked=True,
        stepped=True,
    ),
    Graph(
        title="Saturation: how long the event loop has stood still",
        description="Above 0.2 s again and again: something blocks the loop, and every request pays for it.",
        lines=(Line("stood still", queries.stalled(SERVICE)),),
        unit="s",
        soft_max=1,
    ),
    Graph(
        title="Saturation: CPU, in cores",
        description="Near 100%, one core, the service works; slow and far below, it waits. One loop uses one core.",
        lines=(Line("cores", queries.cpu(SERVICE)),),
        unit="percentunit",
        soft_max=0.2,
    ),
)


def build() -> DashboardModel:
    """Return the dashboard."""
    board = (
        Dashboard(TITLE)
        .uid(UID)
        .description("Traffic, errors, latency and saturation of one service.")
        .tags(["inflight-lab"])
        .refresh(comparison.REFRESH)
        .time("now-5m", "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .readonly()
        .link(DashboardLink(comparison.TITLE).type(DashboardLinkType.LINK).url(f"/d/{comparison.UID}").keep_time(True))
        .with_variable(_which_service())
        .annotation(_alerts())
    )
    add(board, (graph(spec, WIDTH, HEIGHT) for spec in (*TRAFFIC, *LATENCY, *SATURATION)))
    return board.build()


def _which_service() -> QueryVariable:
    """Return the variable: every service whose telemetry counts requests."""
    return (
        QueryVariable("service")
        .label("Service")
        .datasource(DATASOURCE)
        .query("label_values(http_requests_waiting, service)")
        .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .current(VariableOption(text="sync-gateway", value="sync-gateway"))
    )


def _alerts() -> AnnotationQuery:
    """Return the marks that say when an alert of this service fired."""
    return (
        AnnotationQuery()
        .name("Alerts")
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color("red")
        .expr('ALERTS{alertstate="firing", service="$service"}')
    )
