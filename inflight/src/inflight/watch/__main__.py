"""`python -m inflight.watch`: the command without the libraries that `inflight` needs for its terminal.

A sidecar serves metrics in half the memory so, and needs none of the command's extras.
"""

from __future__ import annotations

import signal
import sys
from argparse import ArgumentParser

from inflight.watch.command import watch


def main() -> int:
    """Read the command line, watch, and return the exit status."""
    parser = ArgumentParser(prog="python -m inflight.watch", description="Watch listening ports' queues from outside.")
    parser.add_argument("ports", metavar="PORT", type=int, nargs="*", help="all that listen where none is named")
    parser.add_argument("--once", action="store_true", help="look once; exit with 1 where something waits too long")
    parser.add_argument("--json", action="store_true", help="print an object for each port")
    parser.add_argument("--max-wait", type=float, default=1.0, metavar="SECONDS", help="what is too long (1)")
    parser.add_argument("--admin-port", type=int, metavar="PORT", help="serve metrics and probes there instead")
    parser.add_argument("--admin-host", default="127.0.0.1", metavar="HOST")
    return watch(**vars(parser.parse_args()))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as a container's first process it would be ignored
    sys.exit(main())
