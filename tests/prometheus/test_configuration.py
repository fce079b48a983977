"""What must hold of Prometheus' files, whether or not Prometheus is at hand."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.prometheus.server import CONFIGURATION

HERE = Path(__file__).parent


def test_every_alert_has_a_case_for_firing_and_one_for_silence() -> None:
    """No alert is without a case in which it fires and a case in which it never does."""
    groups = yaml.safe_load((CONFIGURATION / "alerts.yaml").read_text())["groups"]
    alerts = {rule["alert"] for group in groups for rule in group["rules"]}
    cases = yaml.safe_load((HERE / "alerts.test.yaml").read_text())["tests"]
    fires: set[str] = set()
    silent: set[str] = set()
    for checks in (case["alert_rule_test"] for case in cases):
        (fires if any(check["exp_alerts"] for check in checks) else silent).update(
            check["alertname"] for check in checks
        )
    assert fires == alerts
    assert silent == alerts


def test_only_pods_of_the_own_namespace_are_discovered() -> None:
    """What is discovered needs no right beyond the Role that the component grants."""
    configuration = yaml.safe_load((CONFIGURATION / "prometheus.yaml").read_text())
    discoveries = [found for job in configuration["scrape_configs"] for found in job["kubernetes_sd_configs"]]
    assert discoveries == [{"role": "pod", "namespaces": {"own_namespace": True}}]
    documents = list(yaml.safe_load_all((CONFIGURATION.parent / "prometheus.yaml").read_text()))
    (role,) = (document for document in documents if document["kind"] == "Role")
    assert role["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]}]
    assert not any(document["kind"].startswith("Cluster") for document in documents)
