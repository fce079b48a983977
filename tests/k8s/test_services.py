"""What the Deployments of the services promise each other, their probes and their clients."""

import json
import tomllib
from typing import Any

import pytest

from tests.k8s.rendering import OVERLAYS, ROOT, SERVICES, environment, of_kind, overlay, pods

MODES = {"sync-gateway": "sync", "async-gateway": "async", "threadpool-gateway": "threadpool"}
OURS = (*SERVICES, "sender")
LONGEST_DELAY = 60
"""Seconds that a task may ask for (`?delay=`)."""


def without_name_and_mode(deployment: Any, name: str) -> Any:
    """Return a gateway's Deployment with its name, wherever it stands, and its mode blanked out."""
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    (mode,) = (entry for entry in container["env"] if entry["name"] == "GATEWAY_MODE")
    text = json.dumps(deployment).replace(json.dumps(name), '"NAME"').replace(json.dumps(mode), '"MODE"')
    assert text.count('"NAME"') == 7
    assert text.count('"MODE"') == 1
    return json.loads(text)


@pytest.mark.parametrize("name", ["kind", "dev"])
def test_the_gateways_differ_in_name_and_mode_only(name: str) -> None:
    """What the dashboards show is the mode's doing: nothing else differs."""
    deployments = of_kind(overlay(name), "Deployment")
    for gateway, mode in MODES.items():
        (container,) = deployments[gateway]["spec"]["template"]["spec"]["containers"]
        assert environment(container)["GATEWAY_MODE"] == mode
    first, *others = [without_name_and_mode(deployments[gateway], gateway) for gateway in MODES]
    assert all(other == first for other in others)


@pytest.mark.parametrize("service", OURS)
def test_the_services_find_their_pods(service: str) -> None:
    """A Service's selector is its pod's label, its target ports are the pod's; Prometheus finds the port `admin`."""
    pod = pods(overlay("kind"))[service]
    spec = of_kind(overlay("kind"), "Service")[service]["spec"]
    assert spec["selector"].items() <= pod["metadata"]["labels"].items()
    ports = {port["name"]: port["containerPort"] for port in pod["spec"]["containers"][0]["ports"]}
    assert ports["admin"] == 9000
    assert {port["name"]: port["port"] for port in spec["ports"]} == ports
    assert {port["targetPort"] for port in spec["ports"]} == set(ports)


@pytest.mark.parametrize("service", OURS)
def test_probes_ask_the_admin_port(service: str) -> None:
    """Busy is not dead: no probe goes through the application's port."""
    (container,) = pods(overlay("kind"))[service]["spec"]["containers"]
    paths = {
        probe: container[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")
    }
    assert paths == {"startupProbe": "/readyz", "readinessProbe": "/readyz", "livenessProbe": "/livez"}
    assert {container[probe]["httpGet"]["port"] for probe in paths} == {"admin"}


@pytest.mark.parametrize("service", SERVICES)
def test_there_is_time_to_drain(service: str) -> None:
    """The kubelet waits for the drain delay and for both halves of the drain before it kills."""
    spec = pods(overlay("kind"))[service]["spec"]
    settings = environment(spec["containers"][0])
    delay, timeout = float(settings["DRAIN_DELAY"]), float(settings["DRAIN_TIMEOUT"])
    assert delay >= 2, "an endpoint's removal takes a moment to reach every node"
    assert spec["terminationGracePeriodSeconds"] > delay + 2 * timeout


@pytest.mark.parametrize("service", MODES)
def test_there_is_time_for_a_call_that_nothing_can_cut_off(service: str) -> None:
    """A gateway that blocks its loop finishes the call that began last before the drain's end, and then it stops."""
    spec = pods(overlay("kind"))[service]["spec"]
    settings = environment(spec["containers"][0])
    delay, timeout = float(settings["DRAIN_DELAY"]), float(settings["DRAIN_TIMEOUT"])
    longest = float(settings["UPSTREAM_TIMEOUT"])
    assert longest > LONGEST_DELAY
    assert spec["terminationGracePeriodSeconds"] > delay + timeout + longest


@pytest.mark.parametrize("service", OURS)
def test_probes_are_quick_at_the_start_and_at_the_end(service: str) -> None:
    """A start takes 0.4 s, so nothing is waited for before; a process that answers no probe is not left to drain."""
    (container,) = pods(overlay("kind"))[service]["spec"]["containers"]
    assert all("initialDelaySeconds" not in container[probe] for probe in ("startupProbe", "readinessProbe"))
    assert container["startupProbe"]["periodSeconds"] == 1
    assert container["livenessProbe"]["terminationGracePeriodSeconds"] <= 10


@pytest.mark.parametrize("service", SERVICES)
def test_connections_have_a_maximum_age(service: str) -> None:
    """After a scale-out, new pods have their share within half a minute."""
    (container,) = pods(overlay("kind"))[service]["spec"]["containers"]
    assert 0 < float(environment(container)["MAX_CONNECTION_AGE"]) <= 20


@pytest.mark.parametrize("service", SERVICES)
def test_replicas_spread_over_the_nodes(service: str) -> None:
    """The constraint counts the pods that it is meant for."""
    pod = pods(overlay("scale"))[service]
    (constraint,) = pod["spec"]["topologySpreadConstraints"]
    assert constraint["topologyKey"] == "kubernetes.io/hostname"
    assert constraint["labelSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_recommended_labels_are_there(name: str) -> None:
    """On every object and every pod: which installation, which version, part of what; the version is the project's."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    objects = overlay(name)
    for labels in (found["metadata"]["labels"] for found in (*objects, *pods(objects).values())):
        assert labels["app.kubernetes.io/instance"] == labels["app.kubernetes.io/part-of"] == "inflight-lab"
        assert labels["app.kubernetes.io/version"] == version


def test_selectors_do_not_go_by_version() -> None:
    """A Deployment's selector cannot be changed: another version has to find its pods."""
    for deployment in of_kind(overlay("kind"), "Deployment").values():
        assert set(deployment["spec"]["selector"]["matchLabels"]) == {"app.kubernetes.io/name"}


def test_a_missing_image_is_not_looked_for_elsewhere() -> None:
    """On kind nobody's image of that name is pulled; in the base it may be, from a registry of the user's own."""
    for name, policy in (("kind", "Never"), ("scale", "IfNotPresent")):
        ours = {service: pod for service, pod in pods(overlay(name)).items() if service in OURS}
        assert {pod["spec"]["containers"][0]["imagePullPolicy"] for pod in ours.values()} == {policy}


def test_the_sender_sends_what_the_dashboards_expect() -> None:
    """Ten tasks of a second to each gateway, every 15 s."""
    (container,) = pods(overlay("kind"))["sender"]["spec"]["containers"]
    settings = environment(container)
    assert (settings["TASKS"], settings["EVERY"], settings["DELAY"]) == ("10", "15", "1")
    assert float(settings["WAIT_FOR_TARGETS"]) > 0, "all start at once"
    targets = dict(pair.split("=") for pair in settings["TARGETS"].split(","))
    assert targets == {gateway: f"http://{gateway}:8000" for gateway in MODES}
