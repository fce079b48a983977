"""Who held the event loop, and which requests waited for whom."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from inflight.blocking.place import Place

if TYPE_CHECKING:
    from inflight.ledger import Ledger
    from inflight.metrics import Metrics

MOST_PLACES = 50
"""Places that become labels; blocking at any other counts as `OTHER`."""
OTHER = "other"
TURNS = 8
"""Turns of the loop after it stood still in which a request responds that only waited for it: its own task needs one,
each task that middleware starts another."""
PERHAPS_ITS_OWN = frozenset({"callback"} if sys.version_info >= (3, 12) else {"callback", "background"})
"""Routes that stand for steps whose request is not known: it may be the very one that waits. (Before Python 3.12 a task
does not tell its context, so what a request gathers is of no request.)"""
REMEMBERED = 200
"""Blocks that a request's wait is compared with."""


class Holder(NamedTuple):
    """What holds the loop: a place, and the method and the route of its request (`owner.Owner`)."""

    place: Place
    method: str | None
    route: str

    @property
    def is_known(self) -> bool:
        """Whether what has the loop is known well enough to say of a request in flight that it is another's."""
        return bool(self.place.line) and (self.method is not None or self.route not in PERHAPS_ITS_OWN)

    @property
    def owner(self) -> object:
        """What has the loop: a route is one at all of its places, what is of no request is known by its place alone."""
        return (self.method, self.route) if self.method else self


@dataclass
class Block:
    """A time without an interruption in which one holder had the loop. Readings of `time.perf_counter`."""

    holder: Holder
    start: float
    end: float


class Blame:
    """The blocks of the last minutes, and who they are charged to.

    The watchdog's thread writes it; `victim` is called from any thread.
    """

    def __init__(self, metrics: Metrics, after: float) -> None:
        self.after = after
        """Seconds from which blocking has a name, and a wait a reason."""
        self.waited: Counter[Place] = Counter()
        """How many requests have waited for each place."""
        self._metrics = metrics
        self._lock = threading.Lock()
        self._places: set[Place] = set()
        self._blocks: deque[Block] = deque(maxlen=REMEMBERED)
        self.resuming: tuple[float, float] | None = None
        """When the loop last stood still, as long as it is still in the turns after that."""

    def charge(self, holder: Holder, spans: list[tuple[float, float]], seconds: float) -> None:
        """Charge `seconds` to a holder, which had the loop in each of the spans."""
        self._metrics.blocked.labels(self._where(holder.place), holder.route).inc(seconds)
        for start, end in spans:
            last = self._blocks[-1] if self._blocks else None
            if last is not None and last.holder == holder and start <= last.end and last.start <= end:
                last.start, last.end = min(start, last.start), max(end, last.end)
            else:
                self._blocks.append(Block(holder, start, end))

    def latest(self) -> Block | None:
        """Return the block that was charged last."""
        return self._blocks[-1] if self._blocks else None

    def victim(self, ledger: Ledger) -> None:
        """Note whom a request has waited for in kernel and loop: the place that its holder had the loop at longest.

        Nobody, where its wait was short, or where no route held the loop for half of it.
        """
        waited = (ledger.kernel or 0.0) + (ledger.loop or 0.0)
        if waited > self.after:
            self._find(ledger, ledger.read_at - (ledger.kernel or 0.0), ledger.entered_at, tuple(self._blocks))

    def resume(self, loop: asyncio.AbstractEventLoop, now: float, late: float) -> None:
        """Note that the loop goes on, `late` seconds too late: what responds in its next turns had waited for that."""
        if late > self.after:
            self.resuming = now - late, now
            loop.call_soon(self._turn, loop, TURNS)

    def _turn(self, loop: asyncio.AbstractEventLoop, left: int) -> None:
        if left:
            loop.call_soon(self._turn, loop, left - 1)
        else:
            self.resuming = None

    def held_up(self, ledger: Ledger) -> None:
        """Note whom a request has waited for that was in flight while the loop stood still, and responds just after."""
        if self.resuming is not None and not ledger.held_loop:
            begin, end = self.resuming
            blocks = (block for block in tuple(self._blocks) if block.holder.is_known)
            self._find(ledger, max(begin, ledger.entered_at), end, blocks)

    def _find(self, ledger: Ledger, begin: float, end: float, blocks: Iterable[Block]) -> None:
        if ledger.waited_for is not None or end - begin <= self.after:
            return
        overlaps: dict[Holder, float] = {}
        owners: dict[object, float] = {}
        for block in blocks:
            overlap = min(block.end, end) - max(block.start, begin)
            if overlap > 0:
                owner = block.holder.owner
                owners[owner] = owners.get(owner, 0.0) + overlap
                overlaps[block.holder] = overlaps.get(block.holder, 0.0) + overlap
        owner = max(owners, key=owners.__getitem__, default=None)
        if owner is not None and owners[owner] >= (end - begin) / 2:
            holder = max((each for each in overlaps if each.owner == owner), key=overlaps.__getitem__)
            with self._lock:
                if ledger.waited_for is not None:  # another thread was quicker
                    return
                ledger.waited_for = holder.place
                self.waited[holder.place] += 1
            self._metrics.blocked_requests.labels(self._where(holder.place), holder.route).inc()

    def _where(self, place: Place) -> str:
        with self._lock:
            if place not in self._places:
                if len(self._places) >= MOST_PLACES:
                    return OTHER
                self._places.add(place)
        return place.where
