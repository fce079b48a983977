"""What every dashboard has in common: time range, refresh, links, and how panels are put on it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from grafana_foundation_sdk.builders import heatmap, stat, statetimeline, table, text, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard, DashboardLink, Row, TimePicker
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DashboardLinkType, DataSourceRef

TAG = "inflight"
REFRESH = "2s"
REFRESH_INTERVALS = ["1s", REFRESH, "5s", "10s", "30s", "1m", "5m"]
"""Grafana ignores a `refresh` that is not in this list, and its own list begins with 5s."""
PROVISIONED = DataSourceRef(type_val="prometheus", uid="prometheus")
CHOSEN = DataSourceRef(type_val="prometheus", uid="${datasource}")
"""The data source that the variable of that name holds."""


PanelBuilder = heatmap.Panel | stat.Panel | statetimeline.Panel | table.Panel | text.Panel | timeseries.Panel


class Board:
    """A dashboard; panels are added left to right, top to bottom, and numbered from 1."""

    def __init__(self, uid: str, title: str, description: str, datasource: DataSourceRef) -> None:
        self.dashboard = (
            Dashboard(title)
            .uid(uid)
            .description(description)
            .tags([TAG])
            .refresh(REFRESH)
            .timepicker(TimePicker().refresh_intervals(REFRESH_INTERVALS))
            .time("now-5m", "now")
            .timezone("browser")
            .tooltip(DashboardCursorSync.CROSSHAIR)
            .links([_dashboards(), _alert_rules()])
        )
        self._datasource = datasource
        self._numbers = count(1)

    def add(self, panels: Iterable[PanelBuilder]) -> None:
        """Put `panels` on the board."""
        for panel in panels:
            self.dashboard.with_panel(self._own(panel))

    def add_collapsed(self, title: str, panels: Iterable[PanelBuilder]) -> None:
        """Put `panels` below a title that opens on a click; nothing may be added after it."""
        row = Row(title).collapsed(True).id(next(self._numbers))
        for panel in panels:
            row.with_panel(self._own(panel))
        self.dashboard.with_row(row)

    def _own(self, panel: PanelBuilder) -> PanelBuilder:
        return panel.id(next(self._numbers)).datasource(self._datasource)


def _dashboards() -> DashboardLink:
    link = DashboardLink("Dashboards").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.as_dropdown(True).keep_time(True)


def _alert_rules() -> DashboardLink:
    """Return the link to Grafana's own list of alert rules, which shows the data source's, too."""
    return DashboardLink("Alert rules").type(DashboardLinkType.LINK).url("/alerting/list")
