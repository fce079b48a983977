"""What the Linux scheduler has counted of one thread of this process."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

NANOSECONDS = 1e-9


class Scheduled(NamedTuple):
    """How a thread spent a time, in seconds; what is left of the time it slept or waited for something.

    Source: https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat.
    """

    on_cpu: float
    delayed: float
    """It was ready to run, and others had the processors."""
    slices: int
    """How often it began to run."""

    def since(self, before: Scheduled) -> Scheduled:
        """Return what was added since an earlier reading."""
        return Scheduled(self.on_cpu - before.on_cpu, self.delayed - before.delayed, self.slices - before.slices)


UNKNOWN = Scheduled(0.0, 0.0, 0)


def scheduled(native_id: int) -> Scheduled:
    """Return the counts of the thread since its start; zeros where the kernel does not keep them."""
    try:
        text = Path(f"/proc/self/task/{native_id}/schedstat").read_bytes()
        on_cpu, delayed, slices = (int(field) for field in text.split())
    except (OSError, ValueError):
        return UNKNOWN
    return Scheduled(on_cpu * NANOSECONDS, delayed * NANOSECONDS, slices)
