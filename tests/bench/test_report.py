"""What is left of a run: the files, and the README that shows the last kept one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.picture import picture
from bench.report import BEGIN, END, KEPT, PICTURE, README, keep, page, replaced, write
from inflight.terminal.errors import CommandError
from tests.bench.results import cost, results, turns


def test_a_run_leaves_its_raw_results_its_tables_and_its_picture(tmp_path: Path) -> None:
    """The JSON holds all that the others were made of."""
    run = results(cost=cost(plain=turns(100.0), inflight=turns(110.0)))
    files = write(run, tmp_path / "new")
    assert [file.name for file in files] == ["results.json", "table.md", "picture.svg"]
    assert json.loads(files[0].read_text()) == run
    assert "inflight run" in files[1].read_text()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """One line with the place and the reason."""
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match=r"cannot write to .*file"):
        write(results(), tmp_path / "file")


def test_only_what_is_between_the_marks_is_replaced() -> None:
    """What people wrote around the figures stays."""
    assert replaced(f"before\n{BEGIN}old\n{END}after\n", "new") == f"before\n{BEGIN}\nnew\n{END}after\n"


def test_a_run_of_which_a_part_failed_is_not_kept() -> None:
    """The good one before it stays."""
    before = KEPT.read_text(), README.read_text(), PICTURE.read_text()
    with pytest.raises(CommandError, match="not kept, because lab failed"):
        keep(results(failed={"lab": "too slow"}))
    assert (KEPT.read_text(), README.read_text(), PICTURE.read_text()) == before


def test_the_readme_shows_the_kept_run() -> None:
    """Its tables are those of bench/results/latest.json, and the picture is drawn from it: no figure is typed in."""
    kept = json.loads(KEPT.read_text())
    text = README.read_text()
    assert replaced(text, page(kept)) == text
    assert PICTURE.read_text() == picture(kept)
