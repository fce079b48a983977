"""Tells requests that nobody reads from bodies that the program takes as it goes.

Unread bytes alone prove nothing: those of an upload lie in the socket until the handler wants them (backpressure). What
can be proved of a connection, from the kernel's counters of bytes received and of segments sent:

- The program has read something of it and sent nothing since: it has begun to read this request, so the rest is not a
  request that nobody reads. One look proves it of a connection that never had data sent.
- Its counter of bytes read grew between two looks while the bytes that are unread now lay there: it is being read.
- A connection that received bytes after another did, and has none unread: somebody reads, if not that other one.

What cannot be proved from outside: that a server which blocks in the middle of reading a request will not go on (it is
taken for backpressure); and, from one look, that the unread bytes of a connection that had data sent before are a body
(the second request of a kept-alive connection, or TLS: they are taken for a request until some of them are seen read).

Ages count from the last bytes that arrived, or from the first look that found bytes unread which still are: a request
that came in pieces before the first look has waited longer than is said, never shorter.
"""

from __future__ import annotations

from typing import NamedTuple

from inflight.linux.sockets import Connection, Idle
from inflight.watch.port import NOTICE


class Reading(NamedTuple):
    """The connections of a port at one moment; see `Port`."""

    connections: int | None
    unread: int
    waiting: int | None
    oldest_unread_seconds: float | None
    others_read: bool
    oldest_unaccepted_seconds: float | None


class Seen(NamedTuple):
    """A connection with unread bytes, as the last look found it."""

    read: int
    segments_sent: int
    arrived: float
    begun: bool
    """The program has begun to read what these bytes belong to."""


class Readings:
    """Looks at one port's connections, time after time: `begin`, `add` each, `end`."""

    def __init__(self) -> None:
        self._seen: dict[int, Seen] = {}
        self._now = 0.0
        self.begin(0.0)

    def begin(self, now: float) -> None:
        """Begin a look; `now` is a monotonic time in seconds."""
        self._before, self._looked = self._seen, self._now
        self._seen, self._now = {}, now
        self._total = self._unread = 0
        self._known = True
        self._last_read = float("inf")
        self._unaccepted = 0.0

    def add(self, connection: Connection | Idle) -> None:
        """Take one connection, or several idle ones, into the look."""
        if isinstance(connection, Idle):
            self._total += connection.connections
            if connection.since_received is not None:
                self._last_read = min(self._last_read, connection.since_received)
            return
        _, cookie, unread, inode, age, read, segments_sent = connection
        self._total += 1
        self._unread += unread > 0
        if age is None or read is None or segments_sent is None:
            self._known = False
            return
        if not inode and age > self._unaccepted:
            self._unaccepted = age
        if unread:
            self._seen[cookie] = self._follow(cookie, read, segments_sent, self._now - age)
        elif read and age < self._last_read:
            self._last_read = age

    def end(self) -> Reading:
        """Return what the look has found."""
        if not self._known:
            return Reading(self._total, self._unread, None, None, others_read=False, oldest_unaccepted_seconds=None)
        waits = [self._now - each.arrived for each in self._seen.values() if not each.begun]
        noticed = [wait for wait in waits if wait >= NOTICE]
        # By more than a moment: of requests that came together, those that were read and the others are of one age.
        others_read = bool(noticed) and self._last_read + NOTICE <= min(noticed)
        return Reading(self._total, self._unread, len(waits), max(waits, default=0.0), others_read, self._unaccepted)

    def _follow(self, cookie: int, read: int, segments_sent: int, arrived: float) -> Seen:
        before = self._before.get(cookie)
        if before is None:
            begun = read > 0 and segments_sent == 0
        elif before.read == read:
            begun, arrived = before.begun, min(arrived, before.arrived)
        else:
            begun = before.segments_sent == segments_sent or arrived <= self._looked
        return Seen(read, segments_sent, arrived, begun)
