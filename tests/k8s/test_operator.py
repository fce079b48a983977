"""The component for the Prometheus operator says what the lab's own Prometheus is told."""

from __future__ import annotations

import runpy
from typing import Any

import yaml

from tests.k8s.rendering import K8S, base_with, of_kind, pods

OPERATOR = K8S / "components" / "operator"
SERVICES = ("backend", "sync-gateway", "async-gateway", "threadpool-gateway")


def test_the_rules_are_generated_from_the_lab_s_own() -> None:
    """After a change of the rules or alerts: python k8s/components/operator/generate.py."""
    generated = runpy.run_path(str(OPERATOR / "generate.py"))["prometheus_rule"]()
    assert yaml.safe_load((OPERATOR / "prometheusrule.yaml").read_text()) == generated
    names = {rule.get("alert") for group in generated["spec"]["groups"] for rule in group["rules"]}
    assert {"EventLoopBlocked", "RequestsWaiting", "ServiceAbsent"} <= names


def test_the_monitor_finds_the_pods() -> None:
    """All that have an admin port; the labels `service` and `job` are those that the rules ask for."""
    (monitor,) = of_kind(base_with("operator"), "PodMonitor").values()
    (expression,) = monitor["spec"]["selector"]["matchExpressions"]
    for name in SERVICES:
        assert chooses(expression, pods(base_with("operator"))[name]["metadata"]["labels"])
    for endpoint, port in zip(monitor["spec"]["podMetricsEndpoints"], ("admin", "admin-watch"), strict=True):
        assert endpoint["port"] == port
        relabelled = {rule["targetLabel"]: rule for rule in endpoint["relabelings"]}
        assert relabelled["service"]["sourceLabels"] == ["__meta_kubernetes_pod_label_app_kubernetes_io_name"]
        assert relabelled["job"]["replacement"] == "pods"


def test_the_monitoring_namespace_is_let_in() -> None:
    """To the admin ports, and to nothing else."""
    policy = of_kind(base_with("operator"), "NetworkPolicy")["monitoring-namespace"]["spec"]
    (rule,) = policy["ingress"]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    assert rule["ports"] == [{"port": "admin"}, {"port": 9100}]
    (expression,) = policy["podSelector"]["matchExpressions"]
    assert all(chooses(expression, pods(base_with("operator"))[name]["metadata"]["labels"]) for name in SERVICES)


def chooses(expression: Any, labels: dict[str, str]) -> bool:
    assert expression["operator"] == "In"
    return labels[expression["key"]] in expression["values"]
