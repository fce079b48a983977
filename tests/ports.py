"""Ports for tests: each worker has its own, and gives none twice before it has given them all.

They are none of those that the lab picks for its own services (NEVER_GIVEN): it looks now and listens seconds later.
"""

from __future__ import annotations

import os
import random
from itertools import cycle, filterfalse, islice

from services.lab.stage import NEVER_GIVEN, taken

SHARE = 2500
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_own = range(10_000, NEVER_GIVEN.start)[_worker % 4 * SHARE :][:SHARE]
_left = filterfalse(taken, cycle(random.Random(os.getpid()).sample(_own, len(_own))))


def free_ports(pairs: int) -> list[tuple[int, int]]:
    """Return pairs of ports on which nobody listens now, and that nobody else is about to take."""
    ports = list(islice(_left, 2 * pairs))
    return list(zip(ports[::2], ports[1::2], strict=True))
