"""The overlay for a cluster with more than one node, and what it scales on."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.k8s.rendering import K8S, SERVICES, base_with, of_kind, overlay

GATEWAYS = {"sync-gateway": 2, "threadpool-gateway": 40, "async-gateway": 100}
"""Requests that each gateway's pod deals with: as many as it serves at a time, or one more."""
RECORDED = "service:http_requests_concurrency:sum"


@pytest.mark.parametrize("service", SERVICES)
def test_there_are_three_of_each(service: str) -> None:
    """By number, or by the autoscaler's least: never by both, which would fight."""
    deployment = of_kind(overlay("scale"), "Deployment")[service]
    scalers = of_kind(overlay("scale"), "HorizontalPodAutoscaler").values()
    least = [scaler["spec"]["minReplicas"] for scaler in scalers if scaler["spec"]["scaleTargetRef"]["name"] == service]
    fixed = [deployment["spec"]["replicas"]] if "replicas" in deployment["spec"] else []
    assert [*least, *fixed] == [3]


@pytest.mark.parametrize("service", SERVICES)
def test_two_of_each_survive_a_drained_node(service: str) -> None:
    """Each service has a budget of one pod at a time, its selector finds the pods, a broken pod holds up nothing."""
    budget = of_kind(overlay("scale"), "PodDisruptionBudget")[service]["spec"]
    labels = of_kind(overlay("scale"), "Deployment")[service]["spec"]["template"]["metadata"]["labels"]
    assert budget["maxUnavailable"] == 1
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    assert budget["selector"]["matchLabels"].items() <= labels.items()


def test_load_and_monitoring_are_there() -> None:
    """Without Prometheus there is nothing to scale on, and without load nothing to see."""
    assert {"sender", "prometheus", "grafana", "prometheus-adapter"} <= set(of_kind(overlay("scale"), "Deployment"))


@pytest.mark.parametrize("name", ["autoscale", "scale"])
def test_gateways_scale_on_what_waits(name: str) -> None:
    """On the requests that they have to deal with; none goes by processor time, for a blocked gateway is idle."""
    objects = overlay(name) if name == "scale" else base_with(name)
    scalers = of_kind(objects, "HorizontalPodAutoscaler")
    assert set(scalers) == set(GATEWAYS)
    for gateway, requests in GATEWAYS.items():
        spec = scalers[gateway]["spec"]
        assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": gateway}
        assert spec["maxReplicas"] > spec["minReplicas"]
        (metric,) = spec["metrics"]
        external = metric["external"]
        assert external["metric"]["name"] == exposed()["as"]
        assert external["metric"]["selector"] == {"matchLabels": {"service": gateway}}
        assert external["target"] == {"type": "AverageValue", "averageValue": str(requests)}


def exposed() -> Any:
    """Return under which name the adapter shows the recorded series, having checked that it is recorded."""
    (rule,) = yaml.safe_load((K8S / "components/autoscale/config.yaml").read_text())["externalRules"]
    assert rule["seriesQuery"] == f'{{__name__="{RECORDED}"}}'
    rules = yaml.safe_load((K8S / "components/monitoring/prometheus/rules.yaml").read_text())
    assert RECORDED in {found["record"] for group in rules["groups"] for found in group["rules"]}
    return rule["name"]


def test_three_is_the_least_with_either_autoscaler() -> None:
    """The overlay says that KEDA may take the other's place; a patch without its target is passed over."""
    patches = yaml.safe_load((K8S / "overlays/scale/kustomization.yaml").read_text())["patches"]
    values = {patch["target"]["kind"]: [each["value"] for each in yaml.safe_load(patch["patch"])] for patch in patches}
    assert values == {"HorizontalPodAutoscaler": [3, 10], "ScaledObject": [3, 10]}
    scaled = of_kind(base_with("autoscale-keda"), "ScaledObject").values()
    assert all({"minReplicaCount", "maxReplicaCount"} <= each["spec"].keys() for each in scaled)


def test_keda_scales_on_the_same() -> None:
    """The same gateways, the same numbers, the same bounds, the same mean of 30 s."""
    scaled = of_kind(base_with("autoscale-keda"), "ScaledObject")
    scalers = of_kind(base_with("autoscale"), "HorizontalPodAutoscaler")
    assert set(scaled) == set(GATEWAYS)
    for gateway, requests in GATEWAYS.items():
        spec, other = scaled[gateway]["spec"], scalers[gateway]["spec"]
        assert spec["scaleTargetRef"] == {"name": gateway}
        assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (other["minReplicas"], other["maxReplicas"])
        assert spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"] == other["behavior"]
        (trigger,) = spec["triggers"]
        assert trigger["metadata"]["threshold"] == str(requests)
        assert trigger["metadata"]["query"] == f'avg_over_time({RECORDED}{{service="{gateway}"}}[30s])'
        assert trigger["metadata"]["serverAddress"] == "http://prometheus.inflight-lab.svc:9090"


def test_the_adapter_is_the_lab_s_own() -> None:
    """What it adds to the whole cluster carries the lab's name; it may read how the API server says who it is."""
    objects = base_with("autoscale")
    for kind in ("ClusterRole", "ClusterRoleBinding"):
        assert all(name.startswith("inflight-lab-") for name in of_kind(objects, kind))
    (rule,) = of_kind(objects, "ClusterRole")["inflight-lab-prometheus-adapter"]["rules"]
    assert rule["resourceNames"] == ["extension-apiserver-authentication"]
