"""The gateways scale on what waits, with prometheus-adapter; skipped where its image cannot be had."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from tests.cluster.lab import Lab, apply_overlay

pytestmark = [pytest.mark.alone, pytest.mark.timeout(400)]
ADAPTER = "prometheus-adapter"
SERVED_AT = "v1beta1.external.metrics.k8s.io"
HOW_IT_ASKS = ("--namespace=kube-system", "--field-selector=metadata.name=extension-apiserver-authentication")
WITHIN = 150.0
"""Seconds: an autoscaler looks every 15 s, and the load has a period of 15 s."""


@pytest.fixture
def scaling(lab: Lab, tmp_path: Path) -> Iterator[Lab]:
    """The lab with autoscalers and load; taken back at the end, with what belongs to the whole cluster."""
    (told,) = lab.objects("configmaps", *HOW_IT_ASKS)
    if "requestheader-client-ca-file" not in told.get("data", {}):
        pytest.skip("the API server of this cluster asks no other: it has no aggregation layer")
    if lab.objects("apiservices", f"--field-selector=metadata.name={SERVED_AT}"):
        pytest.skip(f"the cluster has a server of {SERVED_AT} already")
    try:
        apply_overlay(lab, tmp_path, "autoscale", "labels")
        try:
            lab.kubectl("rollout", "status", f"deployment/{ADAPTER}", "--timeout=90s")
        except AssertionError:
            (adapter,) = lab.pods(ADAPTER)
            if "waiting" in adapter["status"]["containerStatuses"][0]["state"]:
                pytest.skip("the image of prometheus-adapter cannot be had here")
            raise
        lab.kubectl("scale", "deployment/sender", "--replicas=1")
        yield lab
    finally:
        remove(lab)


def remove(lab: Lab) -> None:
    lab.kubectl("scale", "deployment/sender", "--replicas=0")
    lab.kubectl("delete", "hpa", "--all")
    lab.kubectl("delete", f"deployment/{ADAPTER}")
    names = [f"apiservice/{SERVED_AT}"]
    names += [f"clusterrole/inflight-lab-{name}" for name in (ADAPTER, "external-metrics-reader")]
    names += [
        f"clusterrolebinding/inflight-lab-{name}"
        for name in (ADAPTER, f"{ADAPTER}-delegator", "external-metrics-reader")
    ]
    lab.kubectl("delete", *names)
    lab.kubectl("scale", "deployment/sync-gateway", "--replicas=1")


def test_the_blocked_gateway_gets_another_pod(scaling: Lab, record_property: Callable[[str, object], None]) -> None:
    """Idle as it is, its queue grows: it scales out. The others, with the same load, do not."""
    began = monotonic()
    while replicas(scaling)["sync-gateway"] < 2:
        assert monotonic() - began < WITHIN, scaling.kubectl("describe", "hpa", "sync-gateway")
        sleep(1)
    record_property("seconds", monotonic() - began)
    record_property("hpa", scaling.kubectl("get", "hpa"))
    found = replicas(scaling)
    assert (found["async-gateway"], found["threadpool-gateway"]) == (1, 1)
    processor = 'max_over_time(sum by (pod) (rate(process_cpu_seconds_total{service="sync-gateway"}[10s]))[60s:5s])'
    assert max(scaling.query(processor).values()) < 0.5, "no autoscaler that looks at the processor would have seen it"


def replicas(lab: Lab) -> dict[str, Any]:
    """Return how many pods each autoscaler wants."""
    return {found["metadata"]["name"]: found["status"].get("desiredReplicas", 0) for found in lab.objects("hpa")}
