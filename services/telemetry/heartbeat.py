"""The event loop's heartbeat: how late it runs, and how long it has stood still."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Protocol

INTERVAL = 0.05
"""Seconds between two beats: short enough to see a stall of a tenth of a second, long enough to cost nothing."""


class Observer(Protocol):
    """Something that collects observations, as a Prometheus histogram does."""

    def observe(self, amount: float, /) -> None:
        """Take one observation, in seconds."""


class Heartbeat:
    """Beats on the running loop every `INTERVAL` seconds and observes how late each beat ran.

    `stalled` may be asked from any thread, above all while the loop stands still.
    """

    def __init__(self, lag: Observer, now: Callable[[], float] = perf_counter) -> None:
        self._lag = lag
        self._now = now
        self._last: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start beating on the running loop."""
        self._last = self._now()
        self._schedule()

    def stop(self) -> None:
        """Stop beating; a stopped heart is not stalled."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._last = None

    def stalled(self) -> float:
        """Return the seconds since the last beat; 0 before the start and after the stop."""
        last = self._last
        return 0.0 if last is None else max(0.0, self._now() - last)

    def beat(self) -> None:
        """Note one beat, and how late it came."""
        if self._last is None:
            return
        now = self._now()
        self._lag.observe(max(0.0, now - self._last - INTERVAL))
        self._last = now
        self._schedule()

    def _schedule(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(INTERVAL, self.beat)
