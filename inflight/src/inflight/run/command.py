"""The command `inflight run`."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

from inflight.run.options import USAGE_ERROR, UsageError, split

PRINTS = {"--help", "--version"}
"""Options of uvicorn's command that print something, and serve nothing."""


def run(arguments: list[str]) -> int:
    """Serve the application that `arguments` name, until it ends or a signal ends it. Returns the exit status.

    The options are those of uvicorn's own command, and `options.OPTIONS`. What is wrong with them is one line on
    standard error, and the status 2. POSIX only.
    """
    if find_spec("uvicorn") is None:
        print("inflight run: uvicorn is not installed; try: pip install 'inflight[run]'", file=sys.stderr)
        return USAGE_ERROR
    if PRINTS & set(arguments):
        sys.stdout.flush()
        os.execv(  # noqa: S606 - this very program
            sys.executable, [sys.executable, "-P", "-m", "inflight.run.worker", *sorted(PRINTS & set(arguments))]
        )
    from inflight.port import PortError, listen
    from inflight.run.supervisor import Supervisor

    try:
        options, rest = split(arguments)
        listener = listen(options.admin_host, options.admin_port, "--admin-port")
    except (UsageError, PortError) as error:
        print(f"inflight run: {error}", file=sys.stderr)
        return USAGE_ERROR
    return Supervisor(options, rest, listener).run()
