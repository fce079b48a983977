"""Ports for tests: each worker has its own, and gives none twice before it has given them all.

They are none of those that the lab picks for its own services (NEVER_GIVEN): it looks now and listens seconds later.
"""

from __future__ import annotations

import os
import random
import socket
from itertools import cycle, filterfalse, islice

from services.lab.process import LOOPBACK
from services.lab.stage import NEVER_GIVEN, taken

SHARE = 2500
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_own = range(10_000, NEVER_GIVEN.start)[_worker % 4 * SHARE :][:SHARE]
_left = filterfalse(taken, cycle(random.Random(os.getpid()).sample(_own, len(_own))))


def free_ports(pairs: int) -> list[tuple[int, int]]:
    """Return pairs of ports on which nobody listens now, and that nobody else is about to take."""
    ports = list(islice(_left, 2 * pairs))
    return list(zip(ports[::2], ports[1::2], strict=True))


def listened_on(port: int) -> bool:
    """Return whether somebody accepts connections on the port of loopback; one is opened and closed."""
    with socket.socket() as probe:
        probe.settimeout(0.1)  # a service that stops drops what would open one
        return probe.connect_ex((LOOPBACK, port)) == 0
