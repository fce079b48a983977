"""The comparison: three columns, the same rows, the same scales, and what is read first above the fold."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dashboards.comparison import UID
from dashboards.rows import AT_REST, GATEWAYS, ROWS
from tests.dashboards.committed import dashboard, everything, panels

GRID_UNIT = 38
"""Pixels of one unit of Grafana's grid: 30, and 8 between two panels."""
ABOVE_THE_GRID = 146
"""Pixels of Grafana's own bars and of the row of links, measured in a picture of Grafana 12.3."""
SCREEN = 1080
NOTE_LINES, NOTE_LETTERS = 2, 40
"""What a column's note of two grid units holds at 1280 pixels: lines, and letters of each."""


def graphs() -> list[dict[str, Any]]:
    """Return the panels that draw over time."""
    return [panel for panel in panels(UID) if panel["type"] == "timeseries"]


def rows(of: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return panels row by row."""
    return [of[start : start + len(GATEWAYS)] for start in range(0, len(of), len(GATEWAYS))]


def stats() -> list[dict[str, Any]]:
    """Return the panels of the headline: numbers, and a name."""
    return [panel for panel in panels(UID) if panel["type"] == "stat"]


def test_every_row_asks_the_same_of_each_gateway() -> None:
    """In a row, the three panels differ in the gateway's name, in what to look for, and in where they stand."""
    assert len(rows(graphs())) == len(ROWS) + len(AT_REST)
    for row in rows(graphs()) + rows(stats()):
        for panel, service in zip(row, GATEWAYS.values(), strict=True):
            text = str(panel["targets"])
            assert [name for name in GATEWAYS.values() if f'"{name}"' in text] == [service]
        questions = {
            str(panel["targets"]).replace(f'"{service}"', "")
            for panel, service in zip(row, GATEWAYS.values(), strict=True)
        }
        assert len(questions) == 1
        assert len({str(panel["fieldConfig"]) for panel in row}) == 1


def test_a_row_has_one_scale() -> None:
    """In a row, a line that is not drawn makes each axis reach the highest value of all columns."""
    for row in rows(graphs()):
        scales = [target["expr"] for panel in row for target in panel["targets"] if target["legendFormat"] == "scale"]
        assert len(scales) == len(row)
        assert len(set(scales)) == 1


def test_columns_stand_side_by_side() -> None:
    """In a row, the panels are level and as wide as each other."""
    notes = [panel for panel in everything(UID) if panel["type"] == "text"][1:]
    for row in (notes, *rows(stats()), *rows(graphs())):
        positions = [panel["gridPos"] for panel in row]
        assert [position["x"] for position in positions] == [0, 8, 16]
        assert len({(position["y"], position["w"], position["h"]) for position in positions}) == 1


def test_the_lesson_is_above_the_fold() -> None:
    """At 1920x1080 the headline and the first three rows of graphs are seen without scrolling, in this order."""
    names = ("latency", "waiting", "in flight (low is bad)", "event loop stall", "completed", "CPU, in cores")
    assert tuple(row[0]["title"].removeprefix("sync · ") for row in rows(graphs())) == names
    bottom = [ABOVE_THE_GRID + GRID_UNIT * (row[0]["gridPos"]["y"] + row[0]["gridPos"]["h"]) for row in rows(graphs())]
    assert bottom[2] <= SCREEN
    assert max(stat["gridPos"]["y"] for stat in stats()) < graphs()[0]["gridPos"]["y"]


def test_what_looks_alike_is_closed() -> None:
    """Completed and CPU, which tell the gateways from each other by nothing, wait in a collapsed row at the end."""
    *_, last = dashboard(UID)["panels"]
    assert last["type"] == "row"
    assert last["collapsed"]
    assert len(last["panels"]) == len(AT_REST) * len(GATEWAYS)


@pytest.mark.parametrize("column", range(len(GATEWAYS)))
def test_a_note_is_read_whole_at_1280_pixels(column: int) -> None:
    """The note above a column has two short lines."""
    note = [panel for panel in everything(UID) if panel["type"] == "text"][1 + column]
    lines = re.sub(r"\]\([^)]*\)|[\[*`]", "", note["options"]["content"]).split("\n")
    assert len(lines) == NOTE_LINES
    assert [line for line in lines if len(line) > NOTE_LETTERS] == []


def test_the_gap_is_filled() -> None:
    """The latency row fills what is between the client's line and the application's: the missing seconds."""
    (row,) = (row for row in rows(graphs()) if "latency" in row[0]["title"])
    filled = {"id": "custom.fillBelowTo", "value": "application"}
    for panel in row:
        overrides = panel["fieldConfig"]["overrides"]
        assert [one["matcher"]["options"] for one in overrides if filled in one["properties"]] == ["client"]


def test_red_is_what_is_bad() -> None:
    """Each number of the headline, and who blocks, is green below a limit and red from it on."""
    for panel in stats():
        defaults = [panel["fieldConfig"]["defaults"].get("thresholds")]
        own = [one["value"] for rule in panel["fieldConfig"]["overrides"] for one in rule["properties"]]
        steps = [one["steps"] for one in defaults + own if isinstance(one, dict)]
        assert len(steps) == len(panel["targets"])
        assert all([step["color"] for step in each] == ["green", "red"] for each in steps)
