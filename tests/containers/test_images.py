"""What is in the images, what is not, and how fast they start and stop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from time import time

import pytest

from tests.containers.images import BASE, docker, inspected, running

pytestmark = pytest.mark.alone

MEGABYTE = 1_000_000
TRIES = 3
"""A busy machine may slow one start or stop down, and not say anything about the image: the best of three counts."""


@pytest.mark.parametrize(("name", "most"), [("backend", 40), ("gateway", 50)])
def test_the_image_is_small(name: str, most: int, request: pytest.FixtureRequest) -> None:
    """On top of the base image, the backend has at most 40 MB, the gateway 50."""
    image = request.getfixturevalue(f"{name}_image")
    assert inspected(image)["Size"] - inspected(BASE)["Size"] <= most * MEGABYTE


def test_the_image_says_what_it_is(image: str) -> None:
    """A numeric user, an entry point without a shell in between, and labels."""
    config = inspected(image)["Config"]
    user, group = config["User"].split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert config["Entrypoint"] == ["python", "-m"]
    assert {f"org.opencontainers.image.{key}" for key in ("title", "description", "version")} <= set(config["Labels"])


def test_nothing_else_is_inside(image: str) -> None:
    """No compiler, no development or test tool, not the laboratory's own command, and nothing the user may write."""
    script = """
        for tool in gcc cc strip pytest ruff mypy uv; do command -v $tool; done
        for module in pip pytest typer plotly services.lab tests; do
            python -c "import sys, importlib.util as u; sys.exit(u.find_spec('$module') is None)" && echo $module
        done
        ls /reload.py /seed 2>/dev/null
        find /app /venv /bytecode -writable -not -type l
    """
    found = docker("run", "--rm", "--read-only", "--network=none", "--entrypoint=sh", image, "-c", script)
    assert found == ""


@pytest.mark.parametrize(
    ("name", "arguments", "mode"),
    [
        ("backend", [], ""),
        ("gateway", [], "sync"),
        ("gateway", [], "async"),
        ("gateway", [], "threadpool"),
        ("gateway", ["services.sender"], ""),
    ],
    ids=["backend", "sync", "async", "threadpool", "sender"],
)
def test_all_that_a_start_loads_is_compiled(
    name: str, arguments: list[str], mode: str, request: pytest.FixtureRequest
) -> None:
    """On a read-only filesystem each start would have to compile the rest again."""
    image = request.getfixturevalue(f"{name}_image")
    with running(image, *arguments, PYTHONVERBOSE="1", GATEWAY_MODE=mode) as container:
        container.until_ready()
        loaded = [line for line in container.log.splitlines() if "code object from" in line]
    compiled = [line for line in loaded if "code object from '/bytecode/" in line]
    assert len(compiled) > 100
    assert [line for line in loaded if line not in compiled and not line.endswith("__main__.py")] == []


def test_bytecode_goes_by_the_hash_of_its_source(image: str) -> None:
    """Not by its time: the build's cache takes layers for the same whose files differ in that (PEP 552, the flags)."""
    script = """if True:
        from pathlib import Path
        flags = [path.read_bytes()[4] for top in ("venv", "app") for path in Path("/bytecode", top).rglob("*.pyc")]
        print(len(flags), flags.count(0))
    """
    found = docker("run", "--rm", "--read-only", "--network=none", "--entrypoint=python", image, "-c", script)
    compiled, by_time = map(int, found.split())
    assert compiled > 100
    assert by_time == 0


@pytest.mark.parametrize("name", ["backend", "gateway"])
def test_it_starts_and_stops_quickly(
    name: str, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    """Ready within 2 s of the start; an idle one is gone within 1 s of SIGTERM, with status 0."""
    image = request.getfixturevalue(f"{name}_image")
    starts, stops = [], []
    for _ in range(TRIES):
        with running(image) as container:
            container.until_ready()
            began = datetime.fromisoformat(inspected(container.identifier)["State"]["StartedAt"][:26] + "+00:00")
            starts.append(time() - began.timestamp())
            asked = time()
            docker("kill", "--signal=TERM", container.identifier)
            assert container.exit_code == 0
            stops.append(time() - asked)
    record_property("start", starts)
    record_property("stop", stops)
    assert min(starts) < 2
    assert min(stops) < 1
