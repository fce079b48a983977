"""The event loop's heartbeat: how late it runs, and how long it has stood still."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from time import perf_counter
from typing import Protocol

INTERVAL = 0.05
"""Seconds between two beats: short enough to see a stall of a tenth of a second, long enough to cost nothing."""


class Observer(Protocol):
    """Something that collects observations, as a Prometheus histogram does."""

    def observe(self, amount: float, /) -> object:
        """Take one observation, in seconds."""


class Heartbeat:
    """Beats on one event loop every `INTERVAL` seconds, observes how late each beat ran, and calls `on_beat` with it.

    `last` is the reading of `now` at the last beat, None while it does not beat. It may be read from any thread, above
    all while the loop stands still.
    """

    def __init__(
        self,
        lag: Observer,
        on_beat: Callable[[float], object] = lambda _lag: None,
        now: Callable[[], float] = perf_counter,
    ) -> None:
        self.last: float | None = None
        self.late = 0.0
        """How late the last beat was."""
        self.loop: asyncio.AbstractEventLoop | None = None
        self._lag = lag
        self._on_beat = on_beat
        self._now = now
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start beating on the running loop."""
        self.stop()
        self.loop = asyncio.get_running_loop()
        self.last = self._now()
        self._timer = self.loop.call_later(INTERVAL, self.beat)

    def stop(self) -> None:
        """Stop beating; a stopped heart is not stalled."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.last = self.loop = None

    def stalled(self) -> float | None:
        """Return the seconds since the last beat; None while the loop does not run."""
        last, loop = self.last, self.loop
        return None if last is None or loop is None or not loop.is_running() else max(0.0, self._now() - last)

    def behind(self) -> float:
        """Return the seconds that the loop can have left something unread; infinite where it does not beat."""
        stalled = self.stalled()
        return math.inf if stalled is None else self.late + max(0.0, stalled - INTERVAL)

    def beat(self) -> None:
        """Note one beat, and how late it came."""
        if self.last is None or self.loop is None:
            return
        now = self._now()
        late = self.late = max(0.0, now - self.last - INTERVAL)
        self.last = now
        self._lag.observe(late)
        self._timer = self.loop.call_later(INTERVAL, self.beat)
        self._on_beat(late)
