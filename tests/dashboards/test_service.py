"""The dashboard of one service."""

from __future__ import annotations

from dashboards.service import UID
from tests.dashboards.committed import dashboard, graphs, queries


def test_the_golden_signals_are_there() -> None:
    """Traffic, errors and saturation each have a panel of that name, and latency too."""
    signals = {panel["title"].partition(":")[0] for panel in graphs(UID)}
    assert {"Traffic", "Errors", "Latency", "Saturation"} <= signals


def test_every_query_is_about_the_chosen_service() -> None:
    """No panel shows another service than the one that the variable names."""
    (variable,) = dashboard(UID)["templating"]["list"]
    assert variable["name"] == "service"
    assert [query for query in queries(UID) if 'service=~"$service"' not in query.expr] == []
