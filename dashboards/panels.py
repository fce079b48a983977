"""The panels that the dashboards are made of: a graph, and a text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import ascii_uppercase

from grafana_foundation_sdk.builders import common, dashboard, prometheus, text, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.common import (
    GraphDrawStyle,
    LegendDisplayMode,
    LegendPlacement,
    LineInterpolation,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import DataSourceRef, DynamicConfigValue, FieldColorModeId
from grafana_foundation_sdk.models.prometheus import QueryEditorMode
from grafana_foundation_sdk.models.text import TextMode

from services.lab.report.palette import LOOKS
from services.telemetry.ledger import QUEUES

DATASOURCE = DataSourceRef(type_val="prometheus", uid="prometheus")

COLOURS = {name: LOOKS[name].colour for name in (*QUEUES, "upstream", "application")}
COLOURS["client"] = COLOURS["loop"]  # what it has more than the application is a queue
"""The report's colours, the same on every panel."""
DEFAULT_COLOUR = COLOURS["upstream"]

GAP_MS = 20_000
"""Lines are drawn across gaps up to this long: longer than the pause between two bursts, in which nothing ends."""


@dataclass(frozen=True)
class Line:
    """One query; `name` is a name, or a template such as `{{queue}}`."""

    name: str
    expr: str


@dataclass(frozen=True)
class Graph:
    """A graph: what it shows, and in `title` and `description` what to look for. `height` is in grid units of 38 px.

    `scale` is a query whose highest value the y-axis must reach: panels with the same `scale` have the same axis.
    The axis ends at `soft_max` while nothing goes beyond it.
    """

    title: str
    description: str
    lines: tuple[Line, ...]
    unit: str
    soft_max: float
    scale: str | None = None
    stacked: bool = False
    stepped: bool = False
    gap: tuple[str, str] | None = None
    """The upper and the lower line of a gap that is to be filled."""


def add(board: Dashboard, panels: Iterable[timeseries.Panel | text.Panel]) -> None:
    """Put `panels` on the board, left to right and top to bottom, numbered from 1."""
    for number, panel in enumerate(panels, start=1):
        board.with_panel(panel.id(number))


def graph(spec: Graph, span: int, height: int) -> timeseries.Panel:
    """Return the panel that draws `spec`."""
    many = len(spec.lines) > 1 or "{{" in spec.lines[0].name
    panel = (
        timeseries.Panel()
        .title(spec.title)
        .description(spec.description)
        .datasource(DATASOURCE)
        .span(span)
        .height(height)
        .unit(spec.unit)
        .min(0)
        .axis_soft_max(spec.soft_max)
        .draw_style(GraphDrawStyle.LINE)
        # A stack's lines would draw an empty queue's colour along the top of a full one.
        .line_width(0 if spec.stacked else 2)
        .fill_opacity(70 if spec.stacked else 0 if many else 20)
        .show_points(VisibilityMode.NEVER)
        .span_nulls(GAP_MS)
        .line_interpolation(LineInterpolation.STEP_AFTER if spec.stepped else LineInterpolation.LINEAR)
        .color_scheme(_colours(many=many))
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .legend(_legend(shown=many))
    )
    if spec.stacked:
        panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    for ref_id, line in zip(ascii_uppercase, spec.lines, strict=False):
        panel.with_target(_query(ref_id, line))
    for name in _names(spec.lines):
        _override(panel, name, {"color": {"mode": "fixed", "fixedColor": COLOURS[name]}})
    if spec.gap:
        upper, lower = spec.gap
        _override(panel, upper, {"custom.fillBelowTo": lower, "custom.fillOpacity": 30})
    if spec.scale:
        _add_scale(panel, spec.scale)
    return panel


def note(markdown: str, span: int, height: int) -> text.Panel:
    """Return a panel of text."""
    return text.Panel().title("").transparent(True).mode(TextMode.MARKDOWN).content(markdown).span(span).height(height)


def _add_scale(panel: timeseries.Panel, expr: str) -> None:
    """Add a line that only the axis sees: it counts towards the scale, but has no width, fill, legend or tooltip."""
    unseen = {
        "custom.lineWidth": 0,
        "custom.fillOpacity": 0,
        "custom.stacking": {"mode": "none", "group": "A"},
        "custom.hideFrom": {"legend": True, "tooltip": True, "viz": False},
    }
    panel.with_target(_query("Z", Line("scale", expr)))
    _override(panel, "scale", unseen)


def _override(panel: timeseries.Panel, name: str, properties: Mapping[str, object]) -> None:
    panel.override_by_name(name, [DynamicConfigValue(id_val=key, value=value) for key, value in properties.items()])


def _names(lines: tuple[Line, ...]) -> list[str]:
    """Return the names among `lines` that have a colour of their own."""
    queues = [queue for queue in QUEUES if any(line.name == "{{queue}}" for line in lines)]
    return queues + [line.name for line in lines if line.name in COLOURS]


def _query(ref_id: str, line: Line) -> prometheus.Dataquery:
    query = prometheus.Dataquery().ref_id(ref_id).expr(line.expr).legend_format(line.name).range()
    return query.editor_mode(QueryEditorMode.CODE).datasource(DATASOURCE)


def _legend(*, shown: bool) -> common.VizLegendOptions:
    legend = common.VizLegendOptions().show_legend(shown).placement(LegendPlacement.BOTTOM).calcs([])
    return legend.display_mode(LegendDisplayMode.LIST if shown else LegendDisplayMode.HIDDEN)


def _colours(*, many: bool) -> dashboard.FieldColor:
    if many:
        return dashboard.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME)
    return dashboard.FieldColor().mode(FieldColorModeId.FIXED).fixed_color(DEFAULT_COLOUR)
