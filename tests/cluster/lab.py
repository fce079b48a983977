"""The lab on the cluster that the kube context names, in a namespace of its own: deployed, asked, and removed again."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from tests.client import get
from tests.containers.images import REPOSITORY, built, docker, need_docker
from tests.eventually import eventually
from tests.k8s.rendering import K8S, SERVICES, write_kustomization
from tests.stage import Metrics

KIND = "kind-"
CONTEXT: str = KIND + yaml.safe_load((K8S / "kind.yaml").read_text())["name"]
IMAGES = ("backend", "gateway")
READY_WITHIN = 150
"""Seconds for a roll-out; a small machine starts seven pods at once."""


def need_kind_context() -> str:
    """Return the context of the lab's own cluster, whatever the current one is; skip the test unless it responds."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not on PATH")
    asked = subprocess.run(
        ["kubectl", "config", "get-contexts", "--output=name"], capture_output=True, text=True, check=False
    )
    if CONTEXT not in asked.stdout.split():
        pytest.skip(f"there is no kube context {CONTEXT}: these tests deploy to the lab's own cluster only")
    response = subprocess.run(
        ["kubectl", "--context", CONTEXT, "--request-timeout=5s", "version"], capture_output=True, check=False
    )
    if response.returncode:
        pytest.skip(f"the cluster of the kube context {CONTEXT} does not respond")
    if shutil.which("kind") is None:
        pytest.skip("kind is not on PATH: it loads the images into the cluster's node")
    return CONTEXT


class Lab:
    """One deployment of the lab: every command names its context and its namespace."""

    def __init__(self, context: str, namespace: str) -> None:
        self.context = context
        self.namespace = namespace

    def kubectl(self, *arguments: str, stdin: str | None = None, timeout: float = READY_WITHIN + 30) -> str:
        """Run kubectl and return what it prints; fail with what it complains of."""
        command = ["kubectl", "--context", self.context, "--namespace", self.namespace, *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout, check=False)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def objects(self, kind: str, *arguments: str) -> list[Any]:
        """Return the namespace's objects of one kind."""
        found: list[Any] = json.loads(self.kubectl("get", kind, "--output=json", *arguments))["items"]
        return found

    def pods(self, service: str) -> list[Any]:
        """Return a service's pods, those that are ending too."""
        return self.objects("pods", f"--selector=app.kubernetes.io/name={service}")

    def rolled_out(self, *deployments: str) -> None:
        """Return when the deployments' new pods are ready."""
        for name in deployments:
            self.kubectl("rollout", "status", f"deployment/{name}", f"--timeout={READY_WITHIN}s")

    @contextmanager
    def forwarded(self, service: str, port: int) -> Iterator[str]:
        """Forward a free local port to a service; give its URL while the block runs."""
        command = ["kubectl", "--context", self.context, "--namespace", self.namespace]
        command += ["port-forward", f"service/{service}", f":{port}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                local = re.match(r"Forwarding from 127\.0\.0\.1:(\d+)", line)
                assert local, line
                yield f"http://127.0.0.1:{local[1]}"
            finally:
                process.terminate()

    def query(self, expr: str) -> dict[str, float]:
        """Return the values of an instant query to the lab's Prometheus by the series' label `pod`."""
        with self.forwarded("prometheus", 9090) as prometheus:
            response = get(f"{prometheus}/api/v1/query?{urlencode({'query': expr})}")
        result = json.loads(response.body)["data"]["result"]
        return {series["metric"].get("pod", ""): float(series["value"][1]) for series in result}

    def metrics(self, admin_url: str) -> Metrics:
        """Return one scrape through a forwarded admin port."""
        return Metrics(get(f"{admin_url}/metrics").text)


def deploy(context: str, namespace: str, directory: Path) -> Lab:
    """Build the images, load them into the node and apply the kind overlay, with the sender standing by."""
    need_docker()
    for name in IMAGES:
        load(context, built(name, namespace))
    lab = Lab(context, namespace)
    apply_overlay(lab, directory)
    lab.rolled_out(*SERVICES, "prometheus")
    # A Service reaches a new pod a moment after the pod is ready: until then the backend is not there for the gateways.
    with lab.forwarded("async-gateway", 8000) as url:
        eventually(lambda: get(f"{url}/first?delay=0").status, wanted=200)
    return lab


def load(context: str, image: str) -> None:
    """Load an image of Docker's into the cluster's node."""
    command = ["kind", "load", "docker-image", image, "--name", context.removeprefix(KIND)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def apply_overlay(lab: Lab, directory: Path, *components: str, resources: tuple[Path, ...] = ()) -> None:
    """Apply the kind overlay with the test's own images and more components, the sender standing by."""
    write_kustomization(
        directory,
        resources=[K8S / "overlays" / "kind", *resources],
        components=[K8S / "components" / name for name in components],
        namespace=lab.namespace,
        images=[
            {"name": f"inflight-lab/{name}", "newName": f"{REPOSITORY}/{name}", "newTag": lab.namespace}
            for name in IMAGES
        ],
        replicas=[{"name": "sender", "count": 0}],
    )
    lab.kubectl("apply", "--kustomize", str(directory))


def remove(lab: Lab) -> None:
    """Remove the namespace and the images' tags; the cluster finishes on its own."""
    lab.kubectl("delete", "namespace", lab.namespace, "--wait=false", "--ignore-not-found")
    for name in IMAGES:
        docker("image", "rm", "--force", f"{REPOSITORY}/{name}:{lab.namespace}")
