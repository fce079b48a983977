"""The dashboards as they are committed: what Grafana is provisioned with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from dashboards.__main__ import DIRECTORY


@dataclass(frozen=True)
class Query:
    """One query of one panel."""

    dashboard: str
    panel: str
    name: str
    expr: str

    def __str__(self) -> str:
        """Name the query in a test's report."""
        return f"{self.dashboard} / {self.panel} / {self.name}"


def dashboard(uid: str) -> dict[str, Any]:
    """Return a committed dashboard."""
    loaded: dict[str, Any] = json.loads((DIRECTORY / f"{uid}.json").read_text())
    return loaded


def graphs(uid: str) -> list[dict[str, Any]]:
    """Return the panels of a dashboard that draw something, in their order."""
    return [panel for panel in dashboard(uid)["panels"] if panel["type"] != "text"]


def queries(uid: str) -> list[Query]:
    """Return every query of every panel of a dashboard."""
    return [
        Query(uid, panel["title"], target["legendFormat"], target["expr"])
        for panel in graphs(uid)
        for target in panel["targets"]
    ]
