"""The committed JSON is what the code makes, and what the component hands to Grafana."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from dashboards import comparison, service
from dashboards.__main__ import DIRECTORY, render
from dashboards.panels import DATASOURCE
from tests.dashboards.committed import dashboard, graphs

COMPONENT = DIRECTORY.parent
UIDS = (comparison.UID, service.UID)


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
def test_every_query_goes_to_the_provisioned_datasource(uid: str) -> None:
    """The datasource that the panels name is the one that Grafana is given."""
    (datasource,) = yaml.safe_load((COMPONENT / "grafana/datasources.yaml").read_text())["datasources"]
    provisioned = {"type": datasource["type"], "uid": datasource["uid"]}
    assert provisioned == {"type": DATASOURCE.type_val, "uid": DATASOURCE.uid}
    used = [target["datasource"] for panel in graphs(uid) for target in panel["targets"]]
    assert used == [provisioned] * len(used)


@pytest.mark.parametrize("uid", UIDS)
def test_a_rate_takes_its_window_from_grafana(uid: str) -> None:
    """No panel reads "No data" because its window is shorter than two scrapes."""
    rates = [target["expr"] for panel in graphs(uid) for target in panel["targets"] if "rate(" in target["expr"]]
    assert rates
    assert all(expr.count("rate(") == expr.count("[$__rate_interval]") for expr in rates)


@pytest.mark.parametrize("uid", UIDS)
def test_every_panel_has_a_number_of_its_own(uid: str) -> None:
    """Grafana tells panels apart by their ids."""
    ids = [panel["id"] for panel in dashboard(uid)["panels"]]
    assert ids == list(range(1, len(ids) + 1))


@pytest.mark.parametrize("uid", UIDS)
def test_every_panel_says_what_to_look_for(uid: str) -> None:
    """A sentence stands behind every panel's title."""
    for panel in graphs(uid):
        assert panel["description"].endswith("."), panel["title"]
        assert len(panel["description"].split()) >= 6, panel["title"]


@pytest.mark.parametrize("uid", UIDS)
def test_the_last_five_minutes_move(uid: str) -> None:
    """A dashboard shows the last five minutes and asks anew every 1 to 5 s."""
    board = dashboard(uid)
    assert board["time"] == {"from": "now-5m", "to": "now"}
    assert board["refresh"] in {"1s", "2s", "5s"}


def test_home_is_the_comparison() -> None:
    """Who opens Grafana sees the comparison, refreshed as often as it asks for."""
    settings = (COMPONENT / "grafana/grafana.ini").read_text().splitlines()
    assert f"default_home_dashboard_path = /etc/grafana/dashboards/{comparison.UID}.json" in settings
    assert "min_refresh_interval = 1s" in settings
