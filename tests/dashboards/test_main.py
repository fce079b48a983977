"""The committed JSON is what the code makes, what Grafana's schema knows, and what the component hands to Grafana."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import comparison
from dashboards.__main__ import DIRECTORY, render
from tests.dashboards.committed import SCRAPE_INTERVAL, UIDS, dashboard, everything, panels

COMPONENT = DIRECTORY.parent
LONGEST_TITLE = 34
"""Letters that fit above a panel of a third of 1280 pixels, as seen in Grafana 12.3, for each such third."""


def test_the_committed_json_is_what_the_code_makes() -> None:
    """Nobody edits the JSON by hand, and nobody forgets to write it anew."""
    committed = {path: path.read_text() for path in DIRECTORY.glob("*.json")}
    assert committed == render(), "run: python -m dashboards"


def test_kustomize_generates_a_configmap_of_every_dashboard() -> None:
    """No dashboard is written and then left out."""
    kustomization = yaml.safe_load((COMPONENT / "kustomization.yaml").read_text())
    files = [Path(file) for generator in kustomization["configMapGenerator"] for file in generator["files"]]
    assert {file.name for file in files if file.suffix == ".json"} == {path.name for path in render()}
    assert all((COMPONENT / file).is_file() for file in files)


@pytest.mark.parametrize("uid", UIDS)
def test_the_schema_knows_all_of_it(uid: str) -> None:
    """Read into the SDK's types and written again, nothing is lost: there is no name that the schema does not know."""
    register_default_plugins()
    known = json.dumps(Dashboard.from_json(dashboard(uid)), cls=JSONEncoder)
    assert json.loads(known) == dashboard(uid)


def datasource() -> dict[str, Any]:
    """Return the data source that Grafana is provisioned with."""
    (one,) = yaml.safe_load((COMPONENT / "grafana/datasources.yaml").read_text())["datasources"]
    found: dict[str, Any] = one
    return found


@pytest.mark.parametrize("uid", UIDS)
def test_every_query_goes_to_the_provisioned_datasource(uid: str) -> None:
    """The data source that each panel names is the one that Grafana is given, or the one chosen at the top."""
    chosen = [one for one in dashboard(uid)["templating"].get("list", ()) if one["type"] == "datasource"]
    assert [one["current"]["value"] for one in chosen] in ([], [datasource()["uid"]])
    uid_of_panels = "${datasource}" if chosen else datasource()["uid"]
    used = [panel["datasource"] for panel in panels(uid)]
    assert used == [{"type": "prometheus", "uid": uid_of_panels}] * len(used)
    assert not any("datasource" in target for panel in panels(uid) for target in panel["targets"])


def test_grafana_knows_how_often_is_scraped() -> None:
    """The interval that Grafana derives its windows from is Prometheus's own."""
    scraped = yaml.safe_load((COMPONENT / "prometheus/prometheus.yaml").read_text())["global"]["scrape_interval"]
    assert datasource()["jsonData"]["timeInterval"] == scraped == f"{SCRAPE_INTERVAL}s"


@pytest.mark.parametrize("uid", UIDS)
def test_a_rate_takes_its_window_from_grafana(uid: str) -> None:
    """No graph reads "No data" because its window is shorter than two scrapes."""
    over_time = [target["expr"] for panel in panels(uid) for target in panel["targets"] if target["range"]]
    rates = [expr for expr in over_time if "rate(" in expr]
    assert rates
    assert all(expr.count("rate(") == expr.count("[$__rate_interval]") for expr in rates)


@pytest.mark.parametrize("uid", UIDS)
def test_every_panel_has_a_number_of_its_own(uid: str) -> None:
    """Grafana tells panels apart by their ids."""
    ids = [panel["id"] for panel in everything(uid)]
    assert ids == list(range(1, len(ids) + 1))


@pytest.mark.parametrize("uid", UIDS)
def test_no_panel_lies_on_another(uid: str) -> None:
    """Each cell of the grid belongs to one panel."""
    taken: set[tuple[int, int]] = set()
    for panel in everything(uid):
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("uid", UIDS)
def test_every_panel_says_what_to_look_for(uid: str) -> None:
    """A sentence stands behind every panel's title."""
    for panel in panels(uid):
        assert panel["description"].endswith("."), panel["title"]
        assert len(panel["description"].split()) >= 6, panel["title"]


@pytest.mark.parametrize("uid", UIDS)
def test_a_title_fits_at_1280_pixels(uid: str) -> None:
    """No title ends in an ellipsis on a small screen."""
    assert [one["title"] for one in panels(uid) if len(one["title"]) > LONGEST_TITLE * one["gridPos"]["w"] / 8] == []


@pytest.mark.parametrize("uid", UIDS)
def test_nothing_is_drawn_where_nothing_was(uid: str) -> None:
    """Only a last value that stands spans a gap, level; and a moment is at the same place in all graphs of a column."""
    graphs = [panel["fieldConfig"]["defaults"]["custom"] for panel in panels(uid) if panel["type"] == "timeseries"]
    for graph in graphs:
        level = graph["lineInterpolation"] == "stepAfter" and "stacking" not in graph
        assert graph["spanNulls"] is False or level
    assert len({graph["axisWidth"] for graph in graphs}) == 1


@pytest.mark.parametrize("uid", UIDS)
def test_the_last_five_minutes_move(uid: str) -> None:
    """A dashboard shows the last five minutes and asks anew as often as its own list of intervals lets it."""
    board = dashboard(uid)
    assert board["time"] == {"from": "now-5m", "to": "now"}
    assert board["refresh"] in board["timepicker"]["refresh_intervals"]
    assert board["refresh"] in {"1s", "2s", "5s"}


@pytest.mark.parametrize("uid", UIDS)
def test_links_keep_the_time(uid: str) -> None:
    """Who goes from one dashboard to another sees the same moment there."""
    links = dashboard(uid)["links"]
    assert [link["keepTime"] for link in links if link["type"] == "dashboards"] == [True]
    texts = [panel["options"]["content"] for panel in everything(uid) if panel["type"] == "text"]
    assert all(text.count("/d/") == text.count("${__url_time_range}") for text in texts)


def test_home_is_the_comparison() -> None:
    """Who opens Grafana sees the comparison, refreshed as often as it asks for."""
    settings = (COMPONENT / "grafana/grafana.ini").read_text().splitlines()
    assert f"default_home_dashboard_path = /etc/grafana/dashboards/{comparison.UID}.json" in settings
    assert "min_refresh_interval = 1s" in settings
