"""`python -m inflight` is the command."""

from inflight.cli import main

main()
