"""The sidecar that watches a server from outside: which Deployments get it, and how it is scraped."""

from __future__ import annotations

import re

import yaml

from tests.k8s.rendering import K8S, base_with, of_kind, overlay, pods

GATEWAYS = {"sync-gateway", "async-gateway", "threadpool-gateway"}


def test_it_goes_where_the_label_says() -> None:
    """Into every Deployment with the label inflight/watch=true, as its sidecar; the others stay as they are."""
    found = base_with("watch")
    labelled = {
        name
        for name, each in of_kind(found, "Deployment").items()
        if each["metadata"]["labels"].get("inflight/watch") == "true"
    }
    sidecars = {name: pod["spec"].get("initContainers", []) for name, pod in pods(found).items()}
    assert labelled == {name for name, found in sidecars.items() if [each["name"] for each in found] == ["watch"]}
    assert labelled == {name for name, found in sidecars.items() if found} == GATEWAYS


def test_it_watches_the_service_s_port() -> None:
    """By the command that anybody can type, on the port of the pod's own server; its probe asks itself."""
    spec = pods(base_with("watch"))["sync-gateway"]["spec"]
    (service,), (sidecar,) = spec["containers"], spec["initContainers"]
    assert sidecar["restartPolicy"] == "Always"
    ports = {port["name"]: str(port["containerPort"]) for port in (*service["ports"], *sidecar["ports"])}
    assert sidecar["command"][:3] == ["inflight", "watch", ports["http"]]
    assert sidecar["command"][3:5] == ["--admin-port", ports["admin-watch"]]
    assert sidecar["livenessProbe"]["httpGet"]["port"] == "admin-watch"
    assert "readinessProbe" not in sidecar  # it would take the service out of its Service


def test_it_is_scraped_like_everything_else() -> None:
    """Prometheus keeps its port, and the network policies let Prometheus in there."""
    configuration = yaml.safe_load((K8S / "components/monitoring/prometheus/prometheus.yaml").read_text())
    (job,) = configuration["scrape_configs"]
    (kept,) = (rule["regex"] for rule in job["relabel_configs"] if rule.get("action") == "keep")
    assert all(re.fullmatch(kept, name) for name in ("admin", "admin-watch"))
    assert not re.fullmatch(kept, "http")
    policies = of_kind(overlay("kind"), "NetworkPolicy")
    for name in (*GATEWAYS, "backend"):
        (rule,) = (rule for rule in policies[name]["spec"]["ingress"] if {"port": "admin"} in rule["ports"])
        assert {"port": 9100} in rule["ports"]
