"""Progress bars: on a terminal, and nowhere else."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn


def progress_on(console: Console, before: ProgressColumn, after: ProgressColumn) -> Progress:
    """Return a progress display that vanishes when it is done; output to a pipe has none."""
    return Progress(
        before,
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        after,
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
