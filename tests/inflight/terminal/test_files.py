"""Files that a command writes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from inflight.terminal.files import FileError, check_writable, same_file, write_file


def test_two_names_of_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also through a link; a link to itself, or a folder that is gone, is an error of whoever writes there."""
    link, file = tmp_path / "link", tmp_path / "file"
    link.symlink_to(file)
    assert same_file(link, file)
    assert not same_file(tmp_path / "other", file)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert not same_file(loop, file)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert same_file(Path("a"), Path("a"))
    assert not same_file(Path("a"), Path("b"))
    for path in (loop, Path("a")):
        with pytest.raises(FileError):
            write_file(path, "text")


def test_a_check_changes_nothing(tmp_path: Path) -> None:
    """An earlier run is still there after it was checked that the file can be written; where none was, none is."""
    path = tmp_path / "run.json"
    check_writable(path)
    assert not path.exists()
    path.write_text("earlier")
    check_writable(path)
    assert path.read_text() == "earlier"


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A directory in a file's place, before the work and after it."""
    for write in (check_writable, lambda path: write_file(path, "text")):
        with pytest.raises(FileError, match=r"cannot write .*: is a directory"):
            write(tmp_path)


def test_a_file_is_written_anew_and_its_folder_made(tmp_path: Path) -> None:
    """Nothing of what was there before stays."""
    path = tmp_path / "new" / "file"
    write_file(path, "a longer text")
    write_file(path, "text \ud800")
    assert path.read_text("utf-8") == "text ?"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Also one to a file that is not there yet."""
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "target")
    check_writable(link)
    write_file(link, "text")
    assert link.is_symlink()
    assert (tmp_path / "target").read_text() == "text"


def test_a_pipe_is_written_to_its_reader(tmp_path: Path) -> None:
    """The check does not make the reader believe that all is over; without one, nothing waits for it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(FileError, match="cannot write"):
        write_file(pipe, "to nobody")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        check_writable(pipe)
        write_file(pipe, "to you")
        assert os.read(reader, 100) == b"to you"
    finally:
        os.close(reader)
