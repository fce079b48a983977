"""The command `inflight`: `run` and `watch` need nothing beyond the library, the others its extra `cli`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, NoReturn

from inflight.terminal.command import run_application, run_command

if TYPE_CHECKING:
    import typer


def main() -> None:
    """Run the command."""
    name, *arguments = sys.argv[1:] or [""]
    if name == "run":
        # Untouched: its options and its signals are uvicorn's.
        sys.exit(run(arguments))
    if name == "watch":
        run_command("inflight", lambda: watch(arguments))
    run_command("inflight", lambda: run_application(_application))


def run(arguments: list[str]) -> int:
    """Serve an application."""
    from inflight.run.command import run

    code: int = run(arguments)
    return code


def watch(arguments: list[str]) -> int:
    """Watch ports from outside."""
    parser = _Parser("inflight watch", description="Watch ports from outside, whatever serves there. Linux only.")
    parser.add_argument("ports", metavar="PORT", type=_port, nargs="*", help="without one, all that are listened on")
    parser.add_argument("--once", action="store_true", help="look once; exit with 1 where requests wait too long")
    parser.add_argument("--json", action="store_true", help="print an object a port")
    parser.add_argument(
        "--max-wait", type=_seconds, default=1.0, metavar="SECONDS", help="what is too long (default: 1)"
    )
    parser.add_argument("--admin-port", type=_port, metavar="PORT", help="serve /metrics, /livez and /readyz there")
    parser.add_argument("--admin-host", default="127.0.0.1", metavar="HOST", help="and on this address")
    options = parser.parse_args(arguments)
    if options.admin_port is not None and (options.once or options.json):
        parser.error("--admin-port serves until it is stopped: without --once and --json")
    from inflight.watch.command import watch

    return watch(
        options.ports,
        once=options.once,
        json=options.json,
        max_wait=options.max_wait,
        admin_port=options.admin_port,
        admin_host=options.admin_host,
    )


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"inflight: {message} ({self.prog} --help says more)\n")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds


def _application() -> typer.Typer:
    from inflight.commands import app

    return app
