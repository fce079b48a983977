"""Files that a command writes: tried before the work, and written whole after it."""

from __future__ import annotations

import os
from pathlib import Path

from inflight.terminal.errors import CommandError, reason


class FileError(CommandError):
    """A file cannot be written; the text names it and the reason."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"cannot write {path}: {reason(error)}")


def same_file(one: Path, other: Path) -> bool:
    """Return whether both names lead to one file, which need not be there."""
    try:
        return os.path.realpath(one) == os.path.realpath(other)
    except OSError:  # the current folder is gone, which comes to light when the file is written
        return one == other


def check_writable(path: Path) -> None:
    """Raise FileError when `path` cannot be written: better before the work than after. Its folder is made."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_fifo():
            return  # its reader would take the closing for the end
        new = not os.path.lexists(path)
        path.open("ab").close()
        if new:
            path.unlink()
    except OSError as error:
        raise FileError(path, error) from error


def write_file(path: Path, text: str) -> None:
    """Write `text` to `path`; what UTF-8 cannot hold becomes a question mark. Raises FileError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not to wait for a pipe's reader: nothing could interrupt that. Without one, it is an error.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK, 0o666)
        os.set_blocking(descriptor, True)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError as error:
        raise FileError(path, error) from error
