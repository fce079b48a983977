"""Who may talk to whom: the policies, read as a network plugin reads them."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tests.k8s.rendering import Object, of_kind, overlay, pods

GATEWAYS = ("sync-gateway", "async-gateway", "threadpool-gateway")
ALLOWED = {
    *(("sender", gateway, 8000) for gateway in GATEWAYS),
    *((gateway, "backend", 8000) for gateway in GATEWAYS),
    *(("prometheus", service, 9000) for service in ("backend", "sender", *GATEWAYS)),
    ("grafana", "prometheus", 9090),
}
ALLOWED_IN = {"kind": ALLOWED, "scale": ALLOWED | {("prometheus-adapter", "prometheus", 9090)}}
FOR_THE_API_SERVER = ("prometheus-adapter", 6443)
"""Open to all, for the API server's address differs from cluster to cluster."""


def policies(name: str, direction: str, labels: dict[str, str]) -> list[Object]:
    """Return the specs of an overlay's policies that choose a pod with these labels, for Ingress or Egress."""
    found = [policy["spec"] for policy in of_kind(overlay(name), "NetworkPolicy").values()]
    return [spec for spec in found if direction in spec["policyTypes"] and chooses(spec["podSelector"], labels)]


def chooses(selector: Any, labels: dict[str, str]) -> bool:
    assert set(selector) <= {"matchLabels"}, "this test reads matchLabels only"
    return bool(selector.get("matchLabels", {}).items() <= labels.items())


def allowed(spec: Object, direction: str, peer: dict[str, str], port: dict[str, Any]) -> bool:
    """Return whether one policy lets traffic pass to or from a pod of this namespace on a container's port."""
    key, side = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
    return any(
        any(entry["port"] in (port["name"], port["containerPort"]) for entry in rule["ports"])
        and (
            side not in rule
            or any(
                "namespaceSelector" not in whom and chooses(whom.get("podSelector", {}), peer) for whom in rule[side]
            )
        )
        for rule in spec.get(key, [])
    )


@pytest.mark.parametrize("name", ALLOWED_IN)
def test_only_what_is_needed_is_allowed(name: str) -> None:
    """For every pair of pods and every port: both ends allow it, or it is shut."""
    templates = pods(overlay(name))
    labels = {name: pod["metadata"]["labels"] for name, pod in templates.items()}
    opened = {
        (source, target, port["containerPort"])
        for source, target in product(templates, templates)
        if source != target
        for port in templates[target]["spec"]["containers"][0]["ports"]
        if (target, port["containerPort"]) != FOR_THE_API_SERVER
        if any(allowed(spec, "Egress", labels[target], port) for spec in policies(name, "Egress", labels[source]))
        and any(allowed(spec, "Ingress", labels[source], port) for spec in policies(name, "Ingress", labels[target]))
    }
    assert opened == ALLOWED_IN[name]


def test_every_pod_is_shut_first() -> None:
    """A pod that no policy chose would be open to all: one policy chooses them all, and lets them look up names."""
    deny_all = of_kind(overlay("kind"), "NetworkPolicy")["deny-all"]["spec"]
    assert deny_all["podSelector"] == {}
    assert deny_all["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in deny_all
    (rule,) = deny_all["egress"]
    assert {(entry["port"], entry["protocol"]) for entry in rule["ports"]} == {(53, "UDP"), (53, "TCP")}
