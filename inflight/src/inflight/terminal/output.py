"""The command's standard output."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

from rich.console import Console

from inflight.terminal.errors import reason

UNREAD = {errno.EPIPE, errno.EIO}
"""Nobody reads it any more: `inflight send ... | head`, or a terminal that was closed."""


class Output(Console):
    """The console that the commands print on: standard output, unless another file is given."""

    def __init__(self, file: Any = None, **options: Any) -> None:
        super().__init__(file=cast("IO[str]", file or _StandardOutput()), highlight=False, emoji=False, **options)


class _StandardOutput:
    """Standard output that falls silent when it cannot be written any more: the work goes on, its files are written.

    Why is said on standard error, but where nobody reads any more. What the output's encoding does not have becomes a
    question mark.
    """

    def __init__(self) -> None:
        # Where it was closed before the program began, there is none.
        stream: Any = sys.stdout
        self._stream = stream or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - kept to the end
        with suppress(AttributeError, OSError):  # another kind of stream, or one that has been written to
            self._stream.reconfigure(errors="replace")

    def write(self, text: str) -> int:
        """Write, or do nothing once that has failed."""
        try:
            self._stream.write(text)
        except OSError as error:
            self._fall_silent(error)
        return len(text)

    def flush(self) -> None:
        """Flush, or do nothing once that has failed."""
        try:
            self._stream.flush()
        except OSError as error:
            self._fall_silent(error)

    def _fall_silent(self, error: OSError) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
        if error.errno not in UNREAD:
            print(f"cannot write the output: {reason(error)}", file=sys.stderr)

    def __getattr__(self, name: str) -> Any:
        """Return anything else as the stream has it."""
        return getattr(self._stream, name)
