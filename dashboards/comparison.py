"""The dashboard "Sync, threads, async": one column a gateway, the same rows on the same scales."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.builders import text
from grafana_foundation_sdk.builders.dashboard import Dashboard, DashboardLink
from grafana_foundation_sdk.models.dashboard import Dashboard as DashboardModel
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DashboardLinkType

from dashboards.panels import Graph, add, graph, note
from dashboards.rows import GATEWAYS, ROWS, Row

UID = "comparison"
TITLE = "Sync, threads, async"
REFRESH = "2s"
COLUMN_WIDTH = 8
"""Of the grid's 24: three columns."""
HEADER_HEIGHT, COLUMN_HEADER_HEIGHT, ROW_HEIGHT = 2, 2, 6
"""Three rows and the headers fill a screen of 1080 px; the other three fill the second."""

INTRODUCTION = (
    "Every 15 s each gateway gets the same ten tasks at once, and the backend takes D = 1 s for each. "
    "**Read across:** one question, three answers, one scale."
)
HEADERS = {
    "sync": "`requests` inside `async def`: each call blocks the event loop, so the requests wait outside.",
    "threads": "`requests` inside `def`: FastAPI gives each request a thread, of which there are 40.",
    "async": "`aiohttp` inside `async def`: awaiting lets one thread serve them all.",
}


def build() -> DashboardModel:
    """Return the dashboard."""
    board = (
        Dashboard(TITLE)
        .uid(UID)
        .description("The same gateway written in three ways, in front of the same slow backend.")
        .tags(["inflight-lab"])
        .refresh(REFRESH)
        .time("now-5m", "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .readonly()
        .link(_to_service())
    )
    add(
        board,
        [*_headers(), *(graph(cell(row, column), COLUMN_WIDTH, ROW_HEIGHT) for row in ROWS for column in GATEWAYS)],
    )
    return board.build()


def _headers() -> Iterator[text.Panel]:
    yield note(INTRODUCTION, 24, HEADER_HEIGHT)
    for column, service in GATEWAYS.items():
        link = f"/d/service?var-service={service}"
        yield note(f"**{service}** · {HEADERS[column]} [Look inside]({link})", COLUMN_WIDTH, COLUMN_HEADER_HEIGHT)


def cell(row: Row, column: str) -> Graph:
    """Return what one gateway's panel of a row shows."""
    answer, sentence = row.look_for[column]
    return Graph(
        title=f"{column} · {row.name}: {answer}",
        description=sentence,
        lines=row.lines(GATEWAYS[column]),
        unit=row.unit,
        soft_max=row.soft_max,
        scale=row.scale,
        stacked=row.stacked,
        stepped=row.stepped,
        gap=row.gap,
    )


def _to_service() -> DashboardLink:
    return DashboardLink("Service").type(DashboardLinkType.LINK).url("/d/service").keep_time(True)
