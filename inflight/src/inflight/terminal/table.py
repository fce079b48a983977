"""Tables on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

WIDEST = 1000
"""Columns."""


def print_whole(console: Console, table: Table) -> None:
    """Print the table as wide as it needs to be: better lines that the terminal wraps than figures that are cut off."""
    needed = console.measure(table, options=console.options.update(width=WIDEST)).maximum
    width = max(needed, console.width)
    # With a height as well: without one, rich takes every dumb terminal to be 80 columns wide.
    Console(file=console.file, width=width, height=console.height, force_terminal=console.is_terminal).print(table)
