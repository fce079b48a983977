"""The command `python -m bench`: what it refuses, in one line."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.__main__ import main
from services.lab.process import SOURCES

Bench = Callable[..., tuple[int, str]]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    """The command inside the test's own process: exit code and standard error."""
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["bench", *arguments])
        try:
            code = main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, capsys.readouterr().err

    yield run
    signal.signal(signal.SIGTERM, before)


def test_a_missing_load_tool_is_named(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With where to get it, in one line, before anything is started."""
    monkeypatch.setenv("PATH", str(tmp_path))
    said = "bench: wrk, the load tool, is not installed; on Debian and Ubuntu: apt install wrk\n"
    assert bench("--only", "plain") == (1, said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--rounds", "0"), "'0' is not a whole number from 1"),
        (("--connections", "1.5"), "'1.5' is not a whole number from 1"),
        (("--only", "plain,flask"), "unknown: flask; known: plain, empty"),
        (("--keep", "--only", "lab"), "--keep: bench/README.md shows whole runs; leave --only out"),
    ],
)
def test_a_bad_option_is_named(bench: Bench, arguments: tuple[str, ...], said: str) -> None:
    """With what would be right."""
    code, errors = bench(*arguments)
    assert code == 2
    assert said in errors


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
