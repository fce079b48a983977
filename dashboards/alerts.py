"""The panel that says which alerts fire, by name, and when they did."""

from __future__ import annotations

from grafana_foundation_sdk.builders import common, dashboard, statetimeline
from grafana_foundation_sdk.models.common import LegendDisplayMode, VisibilityMode
from grafana_foundation_sdk.models.dashboard import FieldColorModeId, ValueMap, ValueMappingResult

from dashboards import colours
from dashboards.query import Line, over_time


def alerts(expr: str, span: int, height: int) -> statetimeline.Panel:
    """Return the panel; `expr` asks for the alerts that fire, by `alertname`."""
    return (
        statetimeline.Panel()
        .title("Alerts that fire")
        .description("A bar for as long as an alert fired. Its rule, and what it means: Alert rules, at the top.")
        .span(span)
        .height(height)
        .with_target(over_time("A", Line("{{alertname}}", expr)))
        .mappings([ValueMap({"1": ValueMappingResult(text="fires", color=colours.BAD)})])
        .color_scheme(dashboard.FieldColor().mode(FieldColorModeId.FIXED).fixed_color(colours.BAD))
        .no_value("No alert fired.")
        .merge_values(True)
        .show_value(VisibilityMode.NEVER)
        .row_height(0.8)
        .fill_opacity(80)
        .legend(common.VizLegendOptions().show_legend(False).display_mode(LegendDisplayMode.HIDDEN))
    )
