"""The command's standard output."""

from __future__ import annotations

import os
import sys

from rich.console import Console


class Output(Console):
    """A console that falls silent when nobody reads it any more (`inflight demo | head`): the work goes on."""

    def on_broken_pipe(self) -> None:
        """Write to nowhere from now on. rich's own way ends the thread that wrote, which may be any of ours."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
