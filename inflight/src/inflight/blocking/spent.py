"""What became of two threads between two looks: the event loop's, and the one that watches it."""

from __future__ import annotations

import sys
from time import perf_counter
from typing import NamedTuple, Self

from inflight.linux.schedstat import Schedule, Scheduled

LOCKED = 6
"""Switch intervals for which a thread waits for the interpreter's lock when it is not just handed on."""


class Reading(NamedTuple):
    """What the scheduler had counted of both threads, and when."""

    at: float
    watcher: Scheduled
    loop: Scheduled

    @classmethod
    def now(cls, watcher: Schedule, loop: Schedule) -> Self:
        """Read the counts of both."""
        return cls(perf_counter(), watcher.read(), loop.read())


class Spent:
    """The time between two readings, in seconds; the watcher wanted to sleep for `pause` of it."""

    __slots__ = ("_length", "_loop", "_watcher", "begin", "due", "end", "late")

    def __init__(self, before: Reading, after: Reading, pause: float) -> None:
        self.begin = before.at
        self.due = min(before.at + pause, after.at)
        """When the watcher wanted to wake up."""
        self.end = after.at
        self.late = self.end - self.due
        self._length = after.at - before.at
        self._watcher = after.watcher.since(before.watcher)
        self._loop = after.loop.since(before.loop)

    def net(self, seconds: float) -> float:
        """Return `seconds` less what the loop's thread waited for a processor: no code is to blame for that."""
        return max(0.0, seconds - self._loop.delayed)

    def computing(self, seconds: float) -> bool:
        """Return whether the loop's thread computed, or would have, for most of `seconds`."""
        return self._loop.on_cpu + self._loop.delayed > seconds / 2

    @property
    def locked(self) -> bool:
        """Whether the watcher woke up late because another thread kept the interpreter's lock."""
        return self.late >= LOCKED * sys.getswitchinterval() and _waited_for_lock(self._watcher, self.late)

    @property
    def loop_waited(self) -> bool:
        """Whether the loop's thread waited for the lock meanwhile, too: then it was a third thread that kept it."""
        return _waited_for_lock(self._loop, self.late)

    @property
    def contended(self) -> bool:
        """Whether the loop's thread spent the time waiting for the lock, which other threads had in turn."""
        interval = sys.getswitchinterval()
        known = self.late >= interval and self._length - self._loop.delayed >= interval
        return known and _waited_for_lock(self._loop, self._length)


def _waited_for_lock(thread: Scheduled, seconds: float) -> bool:
    # A thread that waits for it asks again after every switch interval (CPython's take_gil, Python/ceval_gil.c): it
    # begins to run that often, and computes nothing.
    asked = thread.slices * sys.getswitchinterval()
    return asked >= max(0.0, seconds - thread.delayed) / 2 > thread.on_cpu
