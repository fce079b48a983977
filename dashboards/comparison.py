"""The dashboard "Sync, threads, async": one column a gateway, the same rows on the same scales."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.builders import stat, text
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import queries
from dashboards.board import PROVISIONED, Board, PanelBuilder
from dashboards.culprits import culprits
from dashboards.graph import Graph, graph
from dashboards.headline import Tile, headline, verdict
from dashboards.note import note
from dashboards.query import Line
from dashboards.rows import ANY, AT_REST, GATEWAYS, ROWS, Row, as_sent, of_tasks, selector

UID = "comparison"
TITLE = "Sync, threads, async"
COLUMN_WIDTH = 8
"""Of the grid's 24: three columns."""
NOTE_HEIGHT, HEADLINE_HEIGHT, VERDICT_HEIGHT, ROW_HEIGHT, TABLE_HEIGHT = 2, 3, 2, 5, 6

INTRODUCTION = (
    "Every 15 s each gateway gets the same ten tasks at once, and the backend takes D = 1 s for each. "
    "**Read across:** one question, three gateways, one scale."
)
HEADERS = {
    "sync": ("`requests` in `async def`", "Blocks its event loop."),
    "threads": ("`requests` in `def`", "A thread for each of 40."),
    "async": ("`aiohttp` in `async def`", "One thread serves all."),
}
"""What the gateway is written with, and what that means: a line each, also at 1280 pixels."""
NUMBERS = (
    "The last minute's slowest moment: how long a client waited, what the application logged of that, and how many "
    "requests waited unseen at once. The client is the lab's sender; the application logs what anybody sends."
)
BLOCKED = "The line of code that held the event loop for longest in the last minute."


def build() -> Dashboard:
    """Return the dashboard."""
    board = Board(UID, TITLE, "The same gateway written in three ways, in front of the same slow backend.", PROVISIONED)
    board.add([note(INTRODUCTION, 24, NOTE_HEIGHT)])
    board.add(_header(column) for column in GATEWAYS)
    board.add(_numbers(column) for column in GATEWAYS)
    board.add(_blocked(column) for column in GATEWAYS)
    board.add(_panels(ROWS))
    board.add([culprits(ANY, 24, TABLE_HEIGHT)])
    board.add_collapsed("Completed and CPU: the same work in every column", _panels(AT_REST))
    return board.dashboard.build()


def cell(row: Row, column: str) -> Graph:
    """Return what one gateway's panel of a row shows."""
    chosen = selector(column)
    return Graph(
        title=f"{column} · {row.name}",
        description=row.look_for[column],
        lines=row.lines(chosen),
        unit=row.unit,
        soft_max=row.soft_max,
        scale=row.scale,
        total=row.total(chosen) if row.total else None,
        stacked=row.stacked,
        stepped=row.stepped,
        held=row.held,
        gap=row.gap,
    )


def _panels(rows: tuple[Row, ...]) -> Iterator[PanelBuilder]:
    return (graph(cell(row, column), COLUMN_WIDTH, ROW_HEIGHT) for row in rows for column in GATEWAYS)


def _header(column: str) -> text.Panel:
    means, effect = HEADERS[column]
    inside = f"/d/service?var-service={GATEWAYS[column]}&${{__url_time_range}}"
    return note(f"**{column}** · {means}\n{effect} [Look inside]({inside})", COLUMN_WIDTH, NOTE_HEIGHT)


def _numbers(column: str) -> stat.Panel:
    chosen = selector(column)
    client = queries.client_latency(as_sent(chosen), window=queries.QUICK)
    application = queries.application_latency(of_tasks(chosen), window=queries.QUICK)
    tiles = (
        Tile("client waited", queries.slowest(client), "s", bad_from=2, decimals=1),
        Tile("app logged", queries.slowest(application), "s", bad_from=2, decimals=1),
        # One may just be arriving when a scrape looks.
        Tile("waited unseen", queries.most_waiting(chosen), "short", bad_from=2),
    )
    return headline(tiles, NUMBERS, COLUMN_WIDTH, HEADLINE_HEIGHT)


def _blocked(column: str) -> stat.Panel:
    line = Line("blocked by {{where}}", queries.blocked_by(selector(column)))
    return verdict(line, BLOCKED, 0.2, COLUMN_WIDTH, VERDICT_HEIGHT)
