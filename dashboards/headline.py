"""The panels that are read first: a few large numbers, or one name, green where all is well and red where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_uppercase

from grafana_foundation_sdk.builders import common, stat
from grafana_foundation_sdk.models.common import BigValueColorMode, BigValueGraphMode, BigValueTextMode
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from dashboards import colours
from dashboards.query import Line, now


@dataclass(frozen=True)
class Tile:
    """One number: what it is called, what is asked for, its unit, and from what value on it is bad."""

    name: str
    expr: str
    unit: str
    bad_from: float
    decimals: int = 0


def headline(tiles: tuple[Tile, ...], description: str, span: int, height: int) -> stat.Panel:
    """Return a panel of numbers, side by side. A number that nobody knows is left out."""
    panel = _panel(description, span, height).text_mode(BigValueTextMode.VALUE_AND_NAME)
    for ref_id, tile in zip(ascii_uppercase, tiles, strict=False):
        panel.with_target(now(ref_id, Line(tile.name, tile.expr)))
        properties = {
            "unit": tile.unit,
            "decimals": tile.decimals,
            "thresholds": colours.bad_from(tile.bad_from).build(),
        }
        panel.override_by_name(
            tile.name, [DynamicConfigValue(id_val=key, value=value) for key, value in properties.items()]
        )
    return panel


def verdict(line: Line, description: str, bad_from: float, span: int, height: int) -> stat.Panel:
    """Return a panel that shows the name of the query's one series, coloured by its value."""
    panel = _panel(description, span, height).text_mode(BigValueTextMode.NAME).unit("s")
    return panel.thresholds(colours.bad_from(bad_from)).with_target(now("A", line))


def _panel(description: str, span: int, height: int) -> stat.Panel:
    return (
        stat.Panel()
        .title("")
        .description(description)
        .span(span)
        .height(height)
        .color_mode(BigValueColorMode.BACKGROUND)
        .graph_mode(BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )
