"""When a worker's event loop and its interpreter last ran, in memory that the supervisor reads.

It can be read while the worker's interpreter does nothing at all. The clock is `time.monotonic`, which is one for all
processes (CLOCK_MONOTONIC, man 2 clock_gettime).
"""

from __future__ import annotations

import mmap
import os
from time import monotonic

LOOP, PROCESS = 0, 1
"""Places of the two readings; 0.0 there is none."""
SIZE = 16


class Pulse:
    """Two readings of the clock, in the memory behind a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._readings = memoryview(mmap.mmap(descriptor, SIZE)).cast("d")

    def beat(self, place: int) -> None:
        """Note that the loop, or the process, runs now."""
        self._readings[place] = monotonic()

    def age(self, place: int) -> float | None:
        """Return the seconds since it last ran; None before it first did."""
        reading = self._readings[place]
        return max(0.0, monotonic() - reading) if reading else None


def new_memory() -> int:
    """Return a descriptor of such memory; it is its owner's to close."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("inflight")
    else:
        import tempfile  # it loads much, and Linux does without

        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.truncate(descriptor, SIZE)
    return descriptor
