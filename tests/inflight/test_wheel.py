"""The distribution: a wheel that holds nothing but `inflight`, and works in an empty environment of every Python."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.long

PROJECT = Path(__file__).resolve().parents[2] / "inflight"
VERSIONS = ("3.11", "3.12", "3.13", "3.14")


def run(*words: object, cwd: Path | None = None) -> str:
    """Run a program and return what it prints; fail when it does."""
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: a build leaves folders behind."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "inflight"
    shutil.copytree(PROJECT, source, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", folder, source)
    (found,) = folder.glob("*.whl")
    return found


def test_it_holds_only_the_library(wheel: Path) -> None:
    """A package called `services` would break every project that has its own. The report's files are in it."""
    names = ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"inflight"}
    assert {"inflight/py.typed", "inflight/report/style.css"} <= set(names)


def python_of(version: str) -> str | None:
    """Return the interpreter of a version, one of pyenv's that is not on the path included."""
    if shutil.which("pyenv"):
        for found in run("pyenv", "versions", "--bare").split():
            if found.startswith(f"{version}."):
                return str(Path(run("pyenv", "prefix", found).strip(), "bin", "python"))
    return shutil.which(f"python{version}")


@pytest.mark.parametrize("version", VERSIONS)
def test_it_works_in_an_empty_environment(wheel: Path, version: str, tmp_path: Path) -> None:
    """With its declared dependencies alone: the import, the public names, and the command."""
    python = python_of(version)
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    uv, binaries = Path(sys.executable).with_name("uv"), tmp_path / "env" / "bin"
    run(uv, "venv", "--python", python, tmp_path / "env")
    run(uv, "pip", "install", "--system-certs", "--python", binaries / "python", wheel)
    said = run(
        binaries / "python", "-c", "import inflight; print(inflight.instrument, inflight.waiting, inflight.upstream)"
    )
    assert "instrument" in said
    assert "Usage: " in run(binaries / "inflight", "watch", "--help").replace("usage: ", "Usage: ")
    refused = subprocess.run([binaries / "inflight", "send", "x"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "pip install 'inflight[cli]'" in refused.stderr


def test_nothing_here_shadows_it() -> None:
    """From the project's own folder, too, in which a folder has its name."""
    said = run(sys.executable, "-c", "import inflight; print(inflight.__file__)", cwd=PROJECT.parent)
    assert Path(said.strip()) == PROJECT / "src" / "inflight" / "__init__.py"
