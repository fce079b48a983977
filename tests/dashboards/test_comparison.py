"""The comparison: three columns, the same rows, the same scales, two screens."""

from __future__ import annotations

from typing import Any

import pytest

from dashboards.comparison import UID
from dashboards.rows import GATEWAYS, ROWS
from tests.dashboards.committed import dashboard, graphs

GRID_UNIT = 38
"""Pixels of one unit of Grafana's grid: 30, and 8 between two panels."""
SCREEN = 1080 - 130
"""Pixels of a screen of 1080 that are left below a browser's tabs and address bar."""
GRAFANA_BARS = 96
"""Pixels of Grafana's own two bars, above the first panel."""
TITLE_PIXELS = 8
"""Pixels of one letter of a title, on average, with room to spare: Grafana sets titles in 14 px Inter."""
PANEL_PIXELS = 1920 / 3 - 60
"""Pixels of a column's title, without the panel's own marks."""


def rows() -> list[list[dict[str, Any]]]:
    """Return the panels row by row."""
    panels = graphs(UID)
    return [panels[start : start + len(GATEWAYS)] for start in range(0, len(panels), len(GATEWAYS))]


def test_every_row_asks_the_same_of_each_gateway() -> None:
    """In a row, the three panels differ in the gateway's name, in what to look for, and in where they stand."""
    assert len(rows()) == len(ROWS)
    for row in rows():
        for panel, service in zip(row, GATEWAYS.values(), strict=True):
            text = str(panel["targets"])
            assert [name for name in GATEWAYS.values() if f'"{name}"' in text] == [service]
        questions = {
            str(panel["targets"]).replace(f'"{service}"', "")
            for panel, service in zip(row, GATEWAYS.values(), strict=True)
        }
        assert len(questions) == 1


def test_a_row_has_one_scale() -> None:
    """In a row, axis and looks are the same, and a line that is not drawn makes each axis reach the highest value."""
    for row in rows():
        assert len({str(panel["fieldConfig"]) for panel in row}) == 1
        scales = [target["expr"] for panel in row for target in panel["targets"] if target["legendFormat"] == "scale"]
        assert len(scales) == len(row)
        assert len(set(scales)) == 1


def test_columns_stand_side_by_side() -> None:
    """In a row, the panels are level and as wide as each other."""
    for row in rows():
        positions = [panel["gridPos"] for panel in row]
        assert [position["x"] for position in positions] == [0, 8, 16]
        assert len({(position["y"], position["w"], position["h"]) for position in positions}) == 1


def test_it_ends_on_the_second_screen() -> None:
    """At 1920x1080 the first screen ends with a whole row, and the last row ends on the second."""
    ends = sorted({panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard(UID)["panels"]})
    pixels = [GRAFANA_BARS + end * GRID_UNIT for end in ends]
    assert pixels[-1] <= 2 * SCREEN
    assert len([end for end in pixels[2:] if end <= SCREEN]) == len(ROWS) / 2


@pytest.mark.parametrize("title", [panel["title"] for panel in graphs(UID)])
def test_a_title_fits_its_column(title: str) -> None:
    """What to look for is readable without pointing at anything."""
    assert len(title) * TITLE_PIXELS <= PANEL_PIXELS


def test_the_gap_is_filled() -> None:
    """The latency row fills what is between the client's line and the application's: the missing seconds."""
    (row,) = (row for row in rows() if "latency" in row[0]["title"])
    filled = {"id": "custom.fillBelowTo", "value": "application"}
    for panel in row:
        overrides = panel["fieldConfig"]["overrides"]
        assert [one["matcher"]["options"] for one in overrides if filled in one["properties"]] == ["client"]
