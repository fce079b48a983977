"""The panel that shows a histogram over time: the darker a cell, the more requests took that long."""

from __future__ import annotations

from grafana_foundation_sdk.builders import common, heatmap
from grafana_foundation_sdk.models.common import ScaleDistribution
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode, HeatmapColorScale

from dashboards import colours
from dashboards.graph import AXIS_WIDTH
from dashboards.query import Line, buckets

NOTHING = 1e-9
"""A cell with less in it is left empty."""


def latencies(title: str, description: str, expr: str, span: int, height: int) -> heatmap.Panel:
    """Return the panel of a histogram of seconds; `expr` asks for its buckets, by `le`."""
    return (
        heatmap.Panel()
        .title(title)
        .description(description)
        .span(span)
        .height(height)
        .calculate(False)
        .color(
            heatmap.HeatmapColorOptions()
            .mode(HeatmapColorMode.OPACITY)
            .fill(colours.DEFAULT)
            .scale(HeatmapColorScale.EXPONENTIAL)
            .exponent(0.5)
        )
        .filter_values(heatmap.FilterValueRange().le(NOTHING))
        .y_axis(heatmap.YAxisConfig().unit("s").axis_width(AXIS_WIDTH))
        .scale_distribution(common.ScaleDistributionConfig().type(ScaleDistribution.LINEAR))
        .hide_legend()
        .with_target(buckets("A", Line("{{le}}", expr)))
    )
