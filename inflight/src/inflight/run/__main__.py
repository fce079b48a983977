"""`python -m inflight.run` is `inflight run`."""

import sys

from inflight.run.command import run

sys.exit(run(sys.argv[1:]))
