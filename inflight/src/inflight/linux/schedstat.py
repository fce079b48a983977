"""What the Linux scheduler has counted of one thread of this process."""

from __future__ import annotations

import os
from contextlib import suppress
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
LONGEST = 100
"""Bytes: three numbers."""


class Schedule:
    """The counts of one thread since its start, by the system's name for it. The file stays open until it is closed."""

    def __init__(self, native_id: int) -> None:
        self._descriptor: int | None = None
        with suppress(OSError):  # another system, or a kernel that does not count
            self._descriptor = os.open(f"/proc/self/task/{native_id}/schedstat", os.O_RDONLY | os.O_CLOEXEC)

    def read(self) -> Scheduled:
        """Return the counts as they are now; zeros where the kernel does not keep them."""
        if self._descriptor is None:
            return UNKNOWN
        try:
            on_cpu, delayed, slices = os.pread(self._descriptor, LONGEST, 0).split()
        except (OSError, ValueError):  # the thread has ended
            return UNKNOWN
        return Scheduled(int(on_cpu) * NANOSECONDS, int(delayed) * NANOSECONDS, int(slices))

    def close(self) -> None:
        """Close the file."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
