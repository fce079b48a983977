"""The panel that draws lines, areas or bars over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_uppercase

from grafana_foundation_sdk.builders import common, dashboard, timeseries
from grafana_foundation_sdk.models.common import (
    GraphDrawStyle,
    GraphTresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    LineInterpolation,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, FieldColorModeId

from dashboards import colours
from dashboards.query import Line, over_time

AXIS_WIDTH = 60
"""Pixels, on every panel, so that a moment is at the same place in all panels of a column."""
HELD_MS = 20_000
"""For how long a value may stand: longer than the pause between two bursts, in which nothing ends."""
UNSEEN = {"custom.hideFrom": {"legend": True, "tooltip": True, "viz": False}, "custom.lineWidth": 0}
ALONE = {"custom.fillOpacity": 0, "custom.stacking": {"mode": "none", "group": "A"}}


@dataclass(frozen=True)
class Graph:
    """What a graph shows. The axis ends at `soft_max` while nothing goes beyond it.

    `scale` is a query whose highest value the axis must reach: panels with the same `scale` have the same axis.
    `total` is a query for a thin grey line, which is there where everything that is stacked is 0.
    """

    title: str
    description: str
    lines: tuple[Line, ...]
    unit: str
    soft_max: float
    scale: str | None = None
    total: str | None = None
    stacked: bool = False
    stepped: bool = False
    held: bool = False
    """Whether a value stands until the next one: what the last requests took, while none ends."""
    bars: bool = False
    limit: float | None = None
    """A value from which on it is bad: a dashed red line."""
    gap: tuple[str, str] | None = None
    """The upper and the lower line of a gap that is to be filled."""


def graph(spec: Graph, span: int, height: int) -> timeseries.Panel:
    """Return the panel that draws `spec`; nothing is drawn where there is no value, but for one that is held."""
    stepped = spec.stepped or spec.held
    many = len(spec.lines) > 1 or "{{" in spec.lines[0].name
    panel = (
        timeseries.Panel()
        .title(spec.title)
        .description(spec.description)
        .span(span)
        .height(height)
        .unit(spec.unit)
        .min(0)
        .axis_soft_max(spec.soft_max)
        .axis_width(AXIS_WIDTH)
        .draw_style(GraphDrawStyle.BARS if spec.bars else GraphDrawStyle.LINE)
        # A stack's lines would draw an empty queue's colour along the top of a full one.
        .line_width(0 if spec.stacked else 2)
        .fill_opacity(80 if spec.stacked else 0 if many else 20)
        .show_points(VisibilityMode.AUTO)
        .span_nulls(HELD_MS if spec.held else False)
        .line_interpolation(LineInterpolation.STEP_AFTER if stepped else LineInterpolation.LINEAR)
        .color_scheme(_default_colour(many=many))
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .legend(_legend(shown=many))
    )
    if spec.stacked:
        panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    if spec.limit is not None:
        panel.thresholds(colours.bad_from(spec.limit, below="transparent"))
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(GraphTresholdsStyleMode.DASHED))
    for ref_id, line in zip(ascii_uppercase, spec.lines, strict=False):
        panel.with_target(over_time(ref_id, line))
    for pattern, colour in colours.of_lines(line.name for line in spec.lines).items():
        panel.override_by_regexp(pattern, _properties({"color": _fixed(colour)}))
    if spec.gap:
        upper, lower = spec.gap
        panel.override_by_name(upper, _properties({"custom.fillBelowTo": lower, "custom.fillOpacity": 30}))
    if spec.total:
        grey = {"color": _fixed(colours.NEUTRAL), "custom.lineWidth": 1, "custom.hideFrom": UNSEEN["custom.hideFrom"]}
        _add(panel, "Y", Line("total", spec.total), {**ALONE, **grey})
    if spec.scale:
        _add(panel, "Z", Line("scale", spec.scale), {**ALONE, **UNSEEN})
    return panel


def _add(panel: timeseries.Panel, ref_id: str, line: Line, properties: Mapping[str, object]) -> None:
    """Add a line that is no part of what the legend lists."""
    panel.with_target(over_time(ref_id, line))
    panel.override_by_name(line.name, _properties(properties))


def _properties(properties: Mapping[str, object]) -> list[DynamicConfigValue]:
    return [DynamicConfigValue(id_val=key, value=value) for key, value in properties.items()]


def _fixed(colour: str) -> dict[str, str]:
    return {"mode": "fixed", "fixedColor": colour}


def _legend(*, shown: bool) -> common.VizLegendOptions:
    legend = common.VizLegendOptions().show_legend(shown).placement(LegendPlacement.BOTTOM).calcs([])
    return legend.display_mode(LegendDisplayMode.LIST if shown else LegendDisplayMode.HIDDEN)


def _default_colour(*, many: bool) -> dashboard.FieldColor:
    if many:
        return dashboard.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME)
    return dashboard.FieldColor().mode(FieldColorModeId.FIXED).fixed_color(colours.DEFAULT)
