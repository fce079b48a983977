"""The command `inflight`: how it starts, and how it ends."""

from __future__ import annotations

import signal
import sys

from services.lab.errors import INTERRUPTED


def main() -> None:
    """Run the command. Ctrl-C and SIGTERM end it in one way at any moment, also while it is still being loaded.

    Only `send` has a result all the same: its summary, and an exit code of 1 for what was not sent.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = _command()
    except KeyboardInterrupt:
        code = INTERRUPTED
    if code == INTERRUPTED:
        print("stopped", file=sys.stderr)
    sys.exit(code)


def _command() -> int:
    """Return the exit code. What is wrong with the use is one line on standard error."""
    import typer

    from services.lab.commands import app

    try:
        return int(app(standalone_mode=False) or 0)
    except typer.Abort:
        return INTERRUPTED
    except typer.TyperException as error:
        message = error.format_message().replace("Value error, ", "")
        if message:  # without a subcommand, the help itself has been printed
            print(f"inflight: {message.rstrip('.')} (inflight --help says more)", file=sys.stderr)
        return error.exit_code
