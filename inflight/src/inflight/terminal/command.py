"""How a command starts and ends, the same for `inflight` and for whoever else builds one on typer."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from inflight.terminal.errors import INTERRUPTED, USAGE_ERROR, CommandError, Interrupted

if TYPE_CHECKING:
    import typer

EXTRA = {"typer", "rich", "plotly", "aiohttp", "pydantic"}
"""What the extra `cli` brings."""


def application(name: str, summary: str) -> typer.Typer:
    """Return an application without commands; they are added with `@app.command()`."""
    import typer

    return typer.Typer(
        name=name,
        help=summary,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # rich's help takes twice the time to load
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def run_command(name: str, work: Callable[[], int]) -> NoReturn:
    """Exit with the code that `work` returns.

    Ctrl-C and SIGTERM end it in one way at any moment, also while it is still loading what it needs. What the user can
    put right is one line on standard error, a library that is not installed among it.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = work()
    except (KeyboardInterrupt, Interrupted):
        code = INTERRUPTED
    except CommandError as error:
        print(f"{name}: {error}", file=sys.stderr)
        code = USAGE_ERROR
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRA:
            raise
        print(f"{name}: {missing} is not installed; try: pip install 'inflight[cli]'", file=sys.stderr)
        code = USAGE_ERROR
    if code == INTERRUPTED:
        print("stopped", file=sys.stderr)
    sys.exit(code)


def run_application(load: Callable[[], typer.Typer]) -> int:
    """Load an application, run it, and return its exit code. What is wrong with the use is one line."""
    import typer

    app = load()
    name = app.info.name
    if not sys.argv[1:]:
        app(["--help"], standalone_mode=False)
        return USAGE_ERROR
    try:
        return int(app(standalone_mode=False) or 0)
    except typer.Abort:
        return INTERRUPTED
    except typer.TyperException as error:
        message = error.format_message().replace("Value error, ", "").rstrip(".")
        print(f"{name}: {message} ({name} --help says more)", file=sys.stderr)
        return error.exit_code
