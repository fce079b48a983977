"""The rules and alerts do what their cases say, and the whole configuration is one that Prometheus accepts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.prometheus.server import CONFIGURATION, on_loopback

HERE = Path(__file__).parent
CASES = sorted(path.name for path in HERE.glob("*.test.yaml"))


@pytest.fixture
def promtool() -> str:
    """The program that checks Prometheus' files."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("no promtool on PATH: Debian has it in the package prometheus")
    return program


def run(*command: str | Path) -> str:
    """Return what the command said; fail with it when the command does."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("cases", CASES)
def test_the_cases(promtool: str, cases: str) -> None:
    """Every recording rule has the value, and every alert fires or stays silent, as its cases say."""
    assert "SUCCESS" in run(promtool, "test", "rules", HERE / cases)


def test_every_alert_has_a_case_for_firing_and_one_for_silence() -> None:
    """No alert is without a case in which it fires and a case in which it never does."""
    groups = yaml.safe_load((CONFIGURATION / "alerts.yaml").read_text())["groups"]
    alerts = {rule["alert"] for group in groups for rule in group["rules"]}
    cases = yaml.safe_load((HERE / "alerts.test.yaml").read_text())["tests"]
    expected = [(case["alertname"], bool(case["exp_alerts"])) for test in cases for case in test["alert_rule_test"]]
    silent = {
        name
        for test in cases
        for name in (case["alertname"] for case in test["alert_rule_test"])
        if not any(case["exp_alerts"] for case in test["alert_rule_test"])
    }
    assert {name for name, fires in expected if fires} == alerts
    assert silent == alerts


def test_the_configuration(promtool: str, tmp_path: Path) -> None:
    """Prometheus accepts the configuration; with a list of targets where promtool was built without Kubernetes."""
    done = subprocess.run(
        [promtool, "check", "config", CONFIGURATION / "prometheus.yaml"], capture_output=True, text=True, check=False
    )
    if "field kubernetes_sd_configs not found" in done.stderr:
        shutil.copytree(CONFIGURATION, tmp_path, dirs_exist_ok=True)
        (tmp_path / "prometheus.yaml").write_text(yaml.safe_dump(on_loopback({"backend": 9000})))
        run(promtool, "check", "config", tmp_path / "prometheus.yaml")
    else:
        assert done.returncode == 0, done.stdout + done.stderr


def test_only_pods_of_the_own_namespace_are_discovered() -> None:
    """What is discovered needs no right beyond the Role that the component grants."""
    configuration = yaml.safe_load((CONFIGURATION / "prometheus.yaml").read_text())
    discoveries = [found for job in configuration["scrape_configs"] for found in job["kubernetes_sd_configs"]]
    assert discoveries == [{"role": "pod", "namespaces": {"own_namespace": True}}]
    documents = list(yaml.safe_load_all((CONFIGURATION.parent / "prometheus.yaml").read_text()))
    (role,) = (document for document in documents if document["kind"] == "Role")
    assert role["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]}]
    assert not any(document["kind"].startswith("Cluster") for document in documents)
