"""skaffold.yaml: what it names exists, and skaffold itself can read it and render it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.serving.settings import GATEWAY_PORTS
from tests.k8s.rendering import K8S, ROOT, containers, of_kind, overlay

CONFIG: dict[str, Any] = yaml.safe_load((ROOT / "skaffold.yaml").read_text())
QUIET = {"SKAFFOLD_UPDATE_CHECK": "false", "SKAFFOLD_INTERACTIVE": "false"}
NO_CLUSTER = {"KUBECONFIG": os.devnull}
"""It asks kubectl's current cluster, even to render: there is none here."""


def skaffold(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> str:
    if shutil.which("skaffold") is None or shutil.which("kubectl") is None:
        pytest.skip("skaffold and kubectl are not both on PATH")
    for name, value in (QUIET | NO_CLUSTER).items():
        monkeypatch.setenv(name, value)
    done = subprocess.run(["skaffold", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert not re.search(r"warn|deprecat|error", done.stderr, re.IGNORECASE), done.stderr
    return done.stdout


@pytest.mark.parametrize("profile", ["", "dev", "scale"])
def test_diagnose_is_clean(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Skaffold understands the file with every profile, and finds nothing to warn of."""
    chosen = ["--profile", profile] if profile else []
    (found,) = yaml.safe_load_all(skaffold("diagnose", "--yaml-only", *chosen, monkeypatch=monkeypatch))
    assert found["kind"] == "Config"
    (path,) = found["manifests"]["kustomize"]["paths"]
    assert Path(path) == K8S / "overlays" / (profile or "kind")
    targets = {artifact["docker"].get("target") for artifact in found["build"]["artifacts"]}
    assert targets == ({"dev"} if profile == "dev" else {None})


@pytest.mark.parametrize("profile", ["", "dev", "scale"])
def test_render_gives_the_overlay(profile: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What skaffold deploys are the objects of the overlay."""
    chosen = ["--profile", profile] if profile else []
    output = tmp_path / "rendered.yaml"
    skaffold("render", "--digest-source=none", "--output", str(output), *chosen, monkeypatch=monkeypatch)
    rendered = yaml.safe_load_all(output.read_text())
    wanted = overlay(profile or "kind")
    names = {(found["kind"], found["metadata"]["name"]) for found in rendered}
    assert names == {(found["kind"], found["metadata"]["name"]) for found in wanted}


def test_every_image_is_built_or_public() -> None:
    """Each image in the manifests is an artifact of skaffold's, or has a fixed tag on a public registry."""
    built = {artifact["image"] for artifact in CONFIG["build"]["artifacts"]}
    used = {container["image"] for _, container in containers(overlay("kind"))}
    assert built <= used
    assert all(re.fullmatch(r"[a-z]+/[a-z]+:v?[0-9.]+", image) for image in used - built)


def test_the_ports_are_the_lab_s_own() -> None:
    """Through the port-forwards every curl line works as it does without a cluster."""
    forwards = {
        (entry["resourceName"], entry["port"]): entry["localPort"]
        for entry in CONFIG["portForward"]
        if entry["resourceName"] in of_kind(overlay("kind"), "Service")
    }
    gateways = {f"{mode}-gateway": port for mode, port in GATEWAY_PORTS.items()}
    assert forwards == {
        ("backend", 8000): 8000,
        ("backend", 9000): 9000,
        **{(name, 8000): port for name, port in gateways.items()},
        **{(name, 9000): port + 1000 for name, port in gateways.items()},
        ("sender", 9000): 9004,
        ("prometheus", 9090): 9090,
        ("grafana", 3000): 3000,
    }


def test_saved_code_of_both_distributions_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """The services' and the library's: to where the dev images' reloader looks for each."""
    (found,) = yaml.safe_load_all(skaffold("diagnose", "--yaml-only", "--profile", "dev", monkeypatch=monkeypatch))
    for artifact in found["build"]["artifacts"]:
        copied = {rule["src"]: (rule["dest"], rule.get("strip", "")) for rule in artifact["sync"]["manual"]}
        assert copied == {
            "services/**/*.py": ("/app", ""),
            "inflight/src/**/*.py": ("/app", "inflight/src/"),
        }


def test_only_the_lab_s_cluster_is_deployed_to() -> None:
    """Whatever kubectl's current context is: another cluster must be named on the command line."""
    cluster = yaml.safe_load((K8S / "kind.yaml").read_text())["name"]
    assert CONFIG["deploy"]["kubeContext"] == f"kind-{cluster}"
