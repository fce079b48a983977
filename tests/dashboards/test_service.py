"""The dashboard of one service, the lab's or anybody's."""

from __future__ import annotations

import re

from dashboards.service import UID
from tests.dashboards.committed import dashboard, panels, queries

LABELS = ["job", "namespace", "service"]


def test_the_golden_signals_are_there() -> None:
    """Traffic, errors and saturation each have a panel of that name, and latency too."""
    signals = {panel["title"].partition(":")[0] for panel in panels(UID)}
    assert {"Traffic", "Errors", "Latency", "Saturation"} <= signals


def test_every_query_is_about_the_chosen_service() -> None:
    """No panel shows another service than the ones that the variables name; alerts go by the service alone."""
    for query in queries(UID):
        labels = ["service"] if query.title == "Alerts that fire" else LABELS
        selectors = re.findall(r"\w\{([^}]+)\}", query.expr)
        assert selectors, query
        assert all(f'{label}=~"${label}"' in selector for selector in selectors for label in labels), query


def test_a_variable_narrows_the_next() -> None:
    """Job, namespace and service are chosen in turn; all of them is `.*`, which also matches what has no such label."""
    _, *variables = dashboard(UID)["templating"]["list"]
    assert [one["name"] for one in variables] == LABELS
    for number, variable in enumerate(variables):
        assert [label for label in LABELS if f"${label}" in variable["query"]] == LABELS[:number]
        assert variable["includeAll"]
        assert variable["allValue"] == ".*"


def test_it_needs_no_rule_of_the_lab() -> None:
    """Whoever imports it needs no recording rule: their names have colons."""
    assert [query for query in queries(UID) if re.search(r"\w:\w", query.expr)] == []


def test_statuses_have_their_colours() -> None:
    """2xx is green, 4xx orange, 5xx red."""
    (panel,) = (panel for panel in panels(UID) if panel["title"] == "Traffic: by status")
    colours = {
        rule["matcher"]["options"]: rule["properties"][0]["value"]["fixedColor"]
        for rule in panel["fieldConfig"]["overrides"]
    }
    assert colours == {"/^2/": "green", "/^3/": "blue", "/^4/": "orange", "/^5/": "red"}


def test_limits_are_drawn() -> None:
    """The shares of errors and the stalls from which on it is bad are lines."""
    limits = {
        panel["title"]: panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"]
        for panel in panels(UID)
        if "thresholdsStyle" in panel["fieldConfig"]["defaults"].get("custom", {})
    }
    assert limits == {"Errors: share of 5xx": 0.05, "Saturation: event loop stall": 0.2}


def test_alerts_have_a_panel_of_their_own() -> None:
    """Alerts are named in a panel, and mark no other: marks of alerts that come and go would tint all of them."""
    assert dashboard(UID)["annotations"].get("list", []) == []
    assert [panel["type"] for panel in panels(UID) if panel["title"] == "Alerts that fire"] == ["state-timeline"]
