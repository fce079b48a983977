"""The command `python -m bench`: what it refuses, in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.lab.process import SOURCES


def bench(*arguments: str, path: str | None = None) -> tuple[int, str]:
    """Return the exit code and the standard error of one run."""
    environment = {**os.environ, "PATH": path or os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        cwd=SOURCES,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def test_a_missing_load_tool_is_named_with_where_to_get_it(tmp_path: Path) -> None:
    """One line, before anything is started."""
    assert bench("--only", "plain", path=str(tmp_path)) == (
        1,
        "bench: wrk, the load tool, is not installed; on Debian and Ubuntu: apt install wrk\n",
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--rounds", "0"), "'0' is not a whole number from 1"),
        (("--connections", "1.5"), "'1.5' is not a whole number from 1"),
        (("--only", "plain,flask"), "unknown: flask; known: plain, empty"),
        (("--keep", "--only", "lab"), "--keep: bench/README.md shows whole runs; leave --only out"),
    ],
)
def test_a_bad_option_is_named(arguments: tuple[str, ...], said: str) -> None:
    """With what would be right, and no traceback."""
    code, errors = bench(*arguments)
    assert code == 2
    assert said in errors
    assert "Traceback" not in errors


def test_a_part_alone_runs_to_its_end(tmp_path: Path) -> None:
    """The start-up times: measured, shown as a table, kept as JSON, 0 at the end; no load tool is needed."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--only", "start_up", "--rounds", "1", "--output", str(tmp_path)],
        cwd=SOURCES,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "| 5 | `inflight --help` within 0.3 s |" in done.stdout
    assert (tmp_path / "results.json").exists()
