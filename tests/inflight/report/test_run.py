"""RUN.json: written, read back, and refused when it is something else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from inflight.report.run import Run, RunError, TargetRun, Verdict, machine, read_run, write_run
from inflight.terminal.errors import CommandError
from tests.inflight.report.runs import sample
from tests.inflight.send.records import record

RUN = Run(
    started=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    machine="a machine",
    about="One slow backend.",
    facts={"Delay": "2 s"},
    targets=[
        TargetRun(
            name="sync-gateway",
            url="http://x/{task}",
            about="It blocks.",
            requests=[record("task1", 2.0, kernel=0.5), record("task2", 4.0, "reset")],
            samples=[sample(1, at=0.1)],
            verdict=Verdict(ok=True, sentence="So it is."),
        )
    ],
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """A run survives its file, in a directory that was not there."""
    path = tmp_path / "new" / "run.json"
    write_run(RUN, path)
    assert read_run(path) == RUN


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "the file: Invalid JSON"),
        ("{", "the file: Invalid JSON"),
        ("[]", "the file: Input should be an object"),
        ("{}", "started: Field required"),
        ('{"kind": ["other"]}', "kind: Input should be 'inflight/run/2'"),
        ('{"started": "2026-01-01", "machine": "m", "targets": [{}]}', "targets.0.name: Field required"),
        ('{"started": "2026-01-01", "machine": "m", "targets": [], "more": 1}', "more: Extra inputs"),
        ("\udcff", "the file: Invalid JSON"),
    ],
)
def test_another_file_is_no_run(tmp_path: Path, text: str, where: str) -> None:
    """The error names the file and the first place that is wrong."""
    path = tmp_path / "run.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(RunError) as caught:
        read_run(path)
    assert str(caught.value).startswith(f"{path} is not a run that inflight wrote: {where}")
    assert "\n" not in str(caught.value)


def test_an_older_run_is_named_as_such(tmp_path: Path) -> None:
    """Its ledgers would be misread: an older `network` has the body in it."""
    path = tmp_path / "run.json"
    path.write_text('{"kind": "inflight-lab/run/1", "started": "2026-01-01", "machine": "m", "gateways": []}')
    with pytest.raises(RunError, match="is of an older format, inflight-lab/run/1, which cannot be read any more"):
        read_run(path)


def test_what_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    """A file that is missing, and a directory in a file's place."""
    with pytest.raises(RunError, match=r"cannot read .*missing.json: no such file"):
        read_run(tmp_path / "missing.json")
    with pytest.raises(CommandError, match=r"cannot write .*: is a directory"):
        write_run(RUN, tmp_path)


def test_the_machine_is_named() -> None:
    """A reader of the report sees what it was run on."""
    assert machine().startswith("Python 3.")
