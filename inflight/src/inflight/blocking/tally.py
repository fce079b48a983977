"""Adds up short blocking until it is worth a name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from inflight.blocking.blame import Holder

WINDOW = 1.0
"""Seconds in which pieces at one place are added up."""

Charge = Callable[[Holder, list[tuple[float, float]], float], None]


@dataclass
class Pending:
    """What one holder has had in this window and is not charged with."""

    seconds: float = 0.0
    lines: Counter[int] = field(default_factory=Counter)
    spans: list[tuple[float, float]] = field(default_factory=list)
    named: bool = False
    """Whether it has come to the threshold in this window."""
    was_named: bool = False
    """Whether it had in the one before, so that the rest of a block is not lost."""


class Tally:
    """Charges a holder as soon as its pieces in one window come to `after` seconds; less is nobody's."""

    def __init__(self, after: float, charge: Charge) -> None:
        self._after = after
        self._charge = charge
        self._pending: dict[Holder, Pending] = {}
        self._lines: dict[Holder, int] = {}
        self._closes = 0.0

    def add(self, holder: Holder, start: float, end: float, seconds: float) -> None:
        """Add `seconds` of the time from `start` to `end`."""
        key = _key(holder)
        pending = self._pending.setdefault(key, Pending())
        pending.seconds += seconds
        pending.lines[holder.place.line] += 1
        pending.spans.append((start, end))
        if pending.seconds >= self._after:
            pending.named = True
            self._settle(key, pending)

    def sweep(self, now: float) -> None:
        """Begin a new window when it is time."""
        if now < self._closes:
            return
        self._closes = now + WINDOW
        kept = {}
        for key, pending in self._pending.items():
            if pending.spans and (pending.named or pending.was_named):
                self._settle(key, pending)
            if pending.named:
                kept[key] = Pending(was_named=True)
        self._pending = kept

    def _settle(self, key: Holder, pending: Pending) -> None:
        # Code that computes is at many lines of its function; the first that it was seen at most stands for all.
        line = key.place.line or self._lines.setdefault(key, pending.lines.most_common(1)[0][0])
        self._charge(key._replace(place=key.place._replace(line=line)), pending.spans, pending.seconds)
        pending.seconds = 0.0
        pending.lines = Counter()
        pending.spans = []


def _key(holder: Holder) -> Holder:
    place = holder.place
    return holder if place.call else holder._replace(place=place._replace(line=0))
