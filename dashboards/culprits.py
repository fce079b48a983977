"""The table of who held the event loop: the line of code, the route that it served, for how long."""

from __future__ import annotations

from collections.abc import Mapping

from grafana_foundation_sdk.builders import common, table
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue

from dashboards import queries
from dashboards.query import Line
from dashboards.query import table as ask

BY = "service, where, route"
HELD, WAITED = "seconds held", "requests that waited"
COLUMNS = {"service": "service", "where": "place", "route": "route", "Value #A": HELD, "Value #B": WAITED}
"""The columns from left to right: what Prometheus calls them, and what the table does."""


def culprits(chosen: str, span: int, height: int) -> table.Panel:
    """Return the table for the services that the labels `chosen` select."""
    panel = (
        table.Panel()
        .title("Who held the event loop")
        .description(
            "The lines of code that kept the event loop from running, in all of the time shown, and how many requests "
            "waited for each, unread or not yet started."
        )
        .span(span)
        .height(height)
        .with_target(ask("A", Line("held", queries.held(chosen, "$__range", BY))))
        .with_target(ask("B", Line("waited", queries.waited_for(chosen, "$__range", BY))))
        .with_transformation(DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(DataTransformerConfig(id_val="organize", options=_columns()))
        .sort_by([common.TableSortByFieldState().display_name(HELD).desc(True)])
        .no_value("No line was seen to hold it.")
    )
    _override(panel, HELD, {"unit": "s", "decimals": 1, "custom.width": 120})
    _override(panel, WAITED, {"unit": "short", "decimals": 0, "custom.width": 170})
    return panel


def _columns() -> dict[str, object]:
    order = {name: number for number, name in enumerate(COLUMNS)}
    return {"excludeByName": {"Time": True}, "indexByName": order, "renameByName": COLUMNS}


def _override(panel: table.Panel, name: str, properties: Mapping[str, object]) -> None:
    panel.override_by_name(name, [DynamicConfigValue(id_val=key, value=value) for key, value in properties.items()])
