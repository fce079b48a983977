"""The log's lines about a blocked event loop: one for a place and a minute."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from dataclasses import dataclass

from inflight.blocking.blame import Holder
from inflight.blocking.place import Place

log = logging.getLogger("inflight")

SETTLED = 0.5
"""Seconds after a block's end within which the requests that waited for it have been read, and a next piece is charged.
"""
STUCK = 2.0
"""Seconds after which a block is logged that does not end."""
SILENCE = 60.0
"""Seconds from one line about a place to the next."""


@dataclass
class Entry:
    """What a line is to say."""

    holder: Holder
    begun: float
    ended: float
    seconds: float
    longest: float
    waited: int


class BlockedLog:
    """Collects what is charged to each place, and logs it when the block is over. `waited` counts victims by place."""

    def __init__(self, waited: Counter[Place]) -> None:
        self._waited = waited
        self._entries: dict[Place, Entry] = {}
        self._silent_until: dict[Place, float] = {}

    def note(self, holder: Holder, spans: list[tuple[float, float]], seconds: float, longest: float) -> None:
        """Note what was charged; `longest` is the length of the block that it is a part of."""
        place, begun, ended = holder.place, spans[0][0], spans[-1][1]
        entry = self._entries.get(place)
        if entry is None:
            if ended < self._silent_until.get(place, 0.0):
                return
            entry = self._entries[place] = Entry(holder, begun, ended, 0.0, 0.0, self._waited[place])
        entry.ended = ended
        entry.seconds += seconds
        entry.longest = max(entry.longest, longest)

    def sweep(self, now: float, held: Place | None) -> None:
        """Log what is due. While something holds the loop, the block is not over, and who waits for it is unread."""
        for place, entry in tuple(self._entries.items()):
            goes_on = held is not None and (held.file, held.function) == (place.file, place.function)
            over = now - entry.ended >= SETTLED and not goes_on
            if (over and held is None) or now - entry.begun >= STUCK:
                del self._entries[place]
                self._silent_until[place] = now + SILENCE
                text = sentence(entry, self._waited[place] - entry.waited, over=over)
                # In a thread of its own: the block may be in a handler of the log, and hold its lock.
                threading.Thread(target=log.warning, args=("%s", text), name="inflight-log", daemon=True).start()


def sentence(entry: Entry, waited: int, *, over: bool) -> str:
    """Return the line: how long, where, in which request, and how many other requests waited for it."""
    method, route = entry.holder.method, entry.holder.route
    place = entry.holder.place
    pieces = entry.seconds > 1.5 * entry.longest
    how = ("" if over else " so far") + (f", in pieces of up to {entry.longest:.2f} s," if pieces else "")
    who = f"{method} {route}" if method else route
    if place.line:
        where = f"at {place.file}:{place.line} in {place.function}{place.in_call}, {who}"
    else:  # nobody's line
        where = f"by C code or another thread that kept the {place.function}{f', {who}' if method else ''}"
    victims = f"; {waited} request{'s' if waited != 1 else ''} waited" if waited else ""
    return f"event loop blocked for {entry.seconds:.1f} s{how} {where}{victims}"
