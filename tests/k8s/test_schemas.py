"""Every overlay, and the base with every component, against Kubernetes' schemas and those of KEDA and the operator.

The latter are from the CustomResourceDefinitions of KEDA 2.20 and of the Prometheus operator 0.93, without their
descriptions, and refuse fields that they do not know.
"""

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from tests.k8s.rendering import COMPONENTS, K8S, OVERLAYS, Object, base_with, overlay

OLDEST = "1.33"
NEWEST = kubernetes_validate.latest_version()
HERE = Path(__file__).parent
CUSTOM = {"ScaledObject", "PodMonitor", "PrometheusRule"}
valid: set[tuple[str, str]] = set()
"""Objects as JSON, each with the version that it was found valid for."""
CLUSTER_WIDE = {"Namespace", "APIService", "ClusterRole", "ClusterRoleBinding"}


def test_all_are_found() -> None:
    """The directories that the lab promises are there, so that the tests below are about something."""
    assert {"kind", "dev", "scale"} <= set(OVERLAYS)
    assert {"load", "monitoring", "network-policies", "live-code", "labels"} <= set(COMPONENTS)
    assert {"autoscale", "autoscale-keda", "operator", "watch"} <= set(COMPONENTS)


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("name", OVERLAYS)
def test_overlays_are_valid(name: str, version: str) -> None:
    """No field is unknown to the version, none is of a wrong type."""
    validate(overlay(name), version)


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("name", COMPONENTS)
def test_components_are_valid(name: str, version: str) -> None:
    """Each component stands on the base alone."""
    validate(base_with(name), version)


def test_a_wrong_field_is_seen() -> None:
    """The validation is strict: a field that no Deployment has fails it."""
    (deployment, *_) = (found for found in overlay("kind") if found["kind"] == "Deployment")
    with pytest.raises(kubernetes_validate.ValidationError, match="replica"):
        kubernetes_validate.validate({**deployment, "spec": {**deployment["spec"], "replica": 1}}, NEWEST, strict=True)


@pytest.mark.parametrize("name", COMPONENTS)
def test_components_explain_themselves(name: str) -> None:
    """Each has a README with its name on top."""
    assert (K8S / "components" / name / "README.md").read_text().startswith(f"# {name}\n")


@pytest.mark.parametrize("name", OVERLAYS)
def test_everything_is_in_the_namespace(name: str) -> None:
    """No object lands beside the lab, and the lab's own objects exist once."""
    objects = overlay(name)
    inside = [found for found in objects if found["kind"] not in CLUSTER_WIDE]
    assert {found["metadata"].get("namespace") for found in inside} == {"inflight-lab"}
    names = [(found["kind"], found["metadata"]["name"]) for found in objects]
    assert len(names) == len(set(names))


def test_the_cluster_has_the_overlays_namespace() -> None:
    """`kind.yaml` is YAML, and its name is what skaffold and the scripts look for."""
    assert yaml.safe_load((K8S / "kind.yaml").read_text())["name"] == "inflight-lab"


def test_a_wrong_field_of_a_custom_resource_is_seen() -> None:
    """The schemas of KEDA and of the operator are strict, too."""
    for component in ("autoscale-keda", "operator"):
        found = next(found for found in base_with(component) if found["kind"] in CUSTOM)
        with pytest.raises(jsonschema.ValidationError, match="nonsense"):
            validate(({**found, "spec": {**found["spec"], "nonsense": 1}},), NEWEST)


def validate(objects: tuple[Object, ...], version: str) -> None:
    """Fail unless each object is valid; what most of them have in common is looked at once."""
    assert objects
    for found in objects:
        key = json.dumps(found, sort_keys=True), version
        if key in valid:
            continue
        if found["kind"] in CUSTOM:
            schema = json.loads((HERE / "schemas" / f"{found['kind'].lower()}.json").read_text())
            jsonschema.validate(found, schema)
        else:
            kubernetes_validate.validate(found, version, strict=True)
        valid.add(key)
