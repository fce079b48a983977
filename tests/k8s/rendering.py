"""What kustomize makes of the manifests, as the cluster would get it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
K8S = ROOT / "k8s"
OVERLAYS = sorted(path.parent.name for path in K8S.glob("overlays/*/kustomization.yaml"))
COMPONENTS = sorted(path.parent.name for path in K8S.glob("components/*/kustomization.yaml"))
SERVICES = ("backend", "sync-gateway", "async-gateway", "threadpool-gateway")

Object = dict[str, Any]


@cache
def overlay(name: str) -> tuple[Object, ...]:
    """Return the objects of an overlay."""
    return build(K8S / "overlays" / name)


@cache
def base_with(component: str) -> tuple[Object, ...]:
    """Return the objects of the base with one component."""
    with TemporaryDirectory() as directory:
        write_kustomization(
            Path(directory), resources=[K8S / "base"], components=[K8S / "components" / component], namespace="lab"
        )
        return build(Path(directory))


def write_kustomization(directory: Path, *, resources: list[Path], components: list[Path], **fields: Any) -> None:
    """Write a kustomization that names directories elsewhere, which kustomize takes as relative paths only."""
    content = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [os.path.relpath(path, directory.resolve()) for path in resources],
        "components": [os.path.relpath(path, directory.resolve()) for path in components],
        **fields,
    }
    (directory / "kustomization.yaml").write_text(yaml.safe_dump(content))


def build(directory: Path) -> tuple[Object, ...]:
    """Return the objects that kustomize makes of a directory; skip the test where there is no kustomize."""
    if shutil.which("kubectl"):
        command = ["kubectl", "kustomize", str(directory)]
    elif shutil.which("kustomize"):
        command = ["kustomize", "build", str(directory)]
    else:
        pytest.skip("neither kubectl nor kustomize is on PATH")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def of_kind(objects: tuple[Object, ...], kind: str) -> dict[str, Object]:
    """Return the objects of one kind by name."""
    return {found["metadata"]["name"]: found for found in objects if found["kind"] == kind}


def pods(objects: tuple[Object, ...]) -> dict[str, Object]:
    """Return the pod templates by their Deployment's name."""
    return {name: found["spec"]["template"] for name, found in of_kind(objects, "Deployment").items()}


def containers(objects: tuple[Object, ...]) -> Iterator[tuple[str, Object]]:
    """Yield every container with its pod's name; init containers too."""
    for name, pod in pods(objects).items():
        for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]:
            yield name, container


def environment(container: Object) -> dict[str, str]:
    """Return a container's environment."""
    return {entry["name"]: entry["value"] for entry in container["env"]}
