"""The overlay for a cluster with more than one node."""

import pytest

from tests.k8s.rendering import SERVICES, of_kind, overlay


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
    """Each service has a budget of one pod at a time, and its selector finds the pods."""
    budget = of_kind(overlay("scale"), "PodDisruptionBudget")[service]["spec"]
    labels = of_kind(overlay("scale"), "Deployment")[service]["spec"]["template"]["metadata"]["labels"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"]["matchLabels"].items() <= labels.items()


def test_there_is_an_autoscaler() -> None:
    """The service whose limit is its CPU has room to grow."""
    (scaler,) = of_kind(overlay("scale"), "HorizontalPodAutoscaler").values()
    assert scaler["spec"]["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "async-gateway"}
    assert scaler["spec"]["maxReplicas"] > scaler["spec"]["minReplicas"]
