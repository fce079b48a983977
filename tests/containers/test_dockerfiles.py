"""The Dockerfiles by hadolint's rules, and what their builds are given."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.containers.images import BASE, ROOT

DOCKERFILES = [ROOT / "Dockerfile.backend", ROOT / "Dockerfile.gateway"]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_hadolint_is_content(dockerfile: Path) -> None:
    """No rule is broken; the one that is switched off has its reason beside it."""
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if program is None:
        pytest.skip("hadolint is not installed: https://github.com/hadolint/hadolint#install")
    done = subprocess.run([program, str(dockerfile)], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_one_base_and_the_project_s_version(dockerfile: Path) -> None:
    """Every stage stands on the same base image, and the label tells the version that pyproject.toml tells."""
    text = dockerfile.read_text()
    stages = set(re.findall(r" AS (\w+)$", text, re.MULTILINE))
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) - stages == {BASE}
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f'image.version="{version}"' in text


@pytest.mark.parametrize("name", ["backend", "services"])
def test_dependencies_are_locked(name: str) -> None:
    """Each requirement has hashes, which pip checks; the backend and the gateway share the versions they share."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert len(pins(name)) == len(re.findall(r"^\S+==\S+.*\\\n    --hash=sha256:", text, re.MULTILINE)) > 0
    shared = pins(name).keys() & pins("services").keys()
    assert {package: pins(name)[package] for package in shared} == {
        package: pins("services")[package] for package in shared
    }


def pins(name: str) -> dict[str, str]:
    """Return the versions of a locked file."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))
