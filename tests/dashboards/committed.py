"""The dashboards as they are committed: what Grafana is provisioned with."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboards.__main__ import DASHBOARDS, DIRECTORY

UIDS = tuple(module.UID for module in DASHBOARDS)
SCRAPE_INTERVAL = 1
"""Seconds, as in the component's configuration of Prometheus and of Grafana's data source."""
RATE_INTERVAL = f"{4 * SCRAPE_INTERVAL}s"
"""What Grafana puts in place of $__rate_interval, for panels of up to five minutes."""


@dataclass(frozen=True)
class Query:
    """One query of one panel; `now` where it is asked for the end of the time shown only."""

    dashboard: str
    panel: int
    title: str
    name: str
    expr: str
    now: bool

    def __str__(self) -> str:
        """Name the query in a test's report."""
        return f"{self.dashboard} / {self.panel} {self.title} / {self.name}"

    def filled(self, shown: int, chosen: Mapping[str, str] | None = None) -> str:
        """Return the query as Grafana sends it, for `shown` seconds and a choice in the dashboard's variables."""
        variables = {"job": ".*", "namespace": ".*", "service": ".*", **(chosen or {})}
        expr = self.expr.replace("$__rate_interval", RATE_INTERVAL)
        expr = expr.replace("$__range_s", str(shown)).replace("$__range", f"{shown}s")
        for name, value in variables.items():
            expr = expr.replace(f"${name}", value)
        assert not re.search(r"\$[^1]", expr), "a variable that is not filled in"
        return expr


def dashboard(uid: str) -> dict[str, Any]:
    """Return a committed dashboard."""
    loaded: dict[str, Any] = json.loads((DIRECTORY / f"{uid}.json").read_text())
    return loaded


def everything(uid: str) -> list[dict[str, Any]]:
    """Return all panels of a dashboard, rows and those inside rows among them, in their order."""
    return [one for panel in dashboard(uid)["panels"] for one in (panel, *panel.get("panels", ()))]


def panels(uid: str) -> list[dict[str, Any]]:
    """Return the panels of a dashboard that show data."""
    return [panel for panel in everything(uid) if "targets" in panel]


def queries(uid: str) -> list[Query]:
    """Return every query of every panel of a dashboard."""
    return [
        Query(uid, panel["id"], panel["title"], target["legendFormat"], target["expr"], target["instant"])
        for panel in panels(uid)
        for target in panel["targets"]
    ]
