"""The command `lab`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inflight.terminal.command import run_application, run_command

if TYPE_CHECKING:
    import typer


def main() -> None:
    """Run the command."""
    run_command("lab", lambda: run_application(_application))


def _application() -> typer.Typer:
    from services.lab.commands import app

    return app
