"""What the supervisor's loop knows, and the admin port's threads read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inflight.run.worker_process import Worker


class State:
    """The service as it is now."""

    def __init__(self) -> None:
        self.workers: Sequence[Worker] = ()
        """Those that serve, or are about to."""
        self.several = False
        """Whether there may be more than one, so that each needs its label."""
        self.ports: set[int] = set()
        """The service's ports; empty where it has none (a Unix socket)."""
        self.stopping = False
