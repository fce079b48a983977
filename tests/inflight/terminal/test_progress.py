"""Progress bars, and the output that they are on."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.progress import SpinnerColumn, TimeElapsedColumn

from inflight.terminal.output import Output
from inflight.terminal.progress import progress_on


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_is_for_terminals(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    """On a terminal it is drawn and cleared away; into a pipe goes nothing of it."""
    monkeypatch.setenv("TERM", "xterm")
    out = StringIO()
    console = Output(file=out, force_terminal=terminal, width=80)
    with progress_on(console, SpinnerColumn(), TimeElapsedColumn()) as progress:
        bar = progress.add_task("done", total=2)
        progress.advance(bar)
        progress.refresh()
    assert ("1/2" in out.getvalue()) is terminal
    assert ("\x1b" in out.getvalue()) is terminal
