"""The images, built by Docker from this checkout, and containers that run them as a cluster would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.client import get
from tests.eventually import eventually

ROOT = Path(__file__).parents[2]
BASE = "python:3.13-slim-trixie"
REPOSITORY = "inflight-lab-test"
LIMITS = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--memory=256m")
"""What the manifests allow a container too."""


def docker(*arguments: str, timeout: float = 60) -> str:
    """Run the docker command and return what it prints; fail with what it complains of."""
    with_buildkit = {**os.environ, "DOCKER_BUILDKIT": "1"}  # older clients build without it, unless told
    done = subprocess.run(
        ["docker", *arguments], env=with_buildkit, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


def need_docker() -> None:
    """Skip the test where no Docker engine responds."""
    if shutil.which("docker") is None:
        pytest.skip("docker is not on PATH")
    if subprocess.run(["docker", "info"], capture_output=True, timeout=30, check=False).returncode:
        pytest.skip("no Docker engine responds")


def built(name: str, tag: str = "test") -> str:
    """Return the tag of an image, built now: what did not change comes from Docker's cache."""
    image = f"{REPOSITORY}/{name}:{tag}"
    docker("build", "--quiet", "--tag", image, "--file", str(ROOT / f"Dockerfile.{name}"), str(ROOT), timeout=300)
    return image


def inspected(what: str) -> Any:
    """Return what docker knows of an image or a container."""
    return json.loads(docker("inspect", what))[0]


class Container:
    """A running container; its ports are published on loopback."""

    def __init__(self, identifier: str) -> None:
        self.identifier = identifier

    def address(self, port: int) -> str:
        """Return the URL at which a port of the container is published."""
        return "http://" + docker("port", self.identifier, f"{port}/tcp").splitlines()[0]

    @property
    def url(self) -> str:
        """Where the service answers."""
        return self.address(8000)

    @property
    def admin_url(self) -> str:
        """Where the admin port responds."""
        return self.address(9000)

    def until_ready(self) -> None:
        """Return when the service says that it is ready; before that it may not even listen."""
        eventually(self._ready, wanted=True)

    def _ready(self) -> bool:
        try:
            return get(f"{self.admin_url}/readyz").status == 200
        except OSError:
            return False

    @property
    def exit_code(self) -> int:
        """The status with which it ended; waits until it has."""
        return int(docker("wait", self.identifier))

    @property
    def log(self) -> str:
        """What it printed, on standard output and standard error."""
        done = subprocess.run(["docker", "logs", self.identifier], capture_output=True, text=True, check=True)
        return done.stdout + done.stderr


@contextmanager
def running(
    image: str, *arguments: str, network: str = "bridge", name: str = "", **environment: str
) -> Iterator[Container]:
    """Run an image with a container's usual limits; remove the container at the end."""
    options = [f"--env={key}={value}" for key, value in environment.items()]
    options += [f"--network={network}"]
    if name:
        options += [f"--network-alias={name}"]
    publish = ("--publish=127.0.0.1::8000", "--publish=127.0.0.1::9000")
    identifier = docker("run", "--detach", *LIMITS, *publish, *options, image, *arguments)
    try:
        yield Container(identifier)
    finally:
        docker("rm", "--force", identifier)


@contextmanager
def private_network() -> Iterator[str]:
    """Make a network that only the test's own containers are on."""
    network = docker("network", "create", f"{REPOSITORY}-{uuid4().hex[:8]}")
    try:
        yield network
    finally:
        docker("network", "rm", network)
