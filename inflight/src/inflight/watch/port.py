"""What one look at a port has found, and the verdict on it in words."""

from __future__ import annotations

from typing import NamedTuple

from inflight.linux.processes import Process

NOTICE = 0.5
"""Seconds that a request may lie unread before the verdict speaks of it: a busy server does not read at once."""


class Port(NamedTuple):
    """A port at one moment; what the kernel did not say is None."""

    port: int
    listening: bool = True
    accept_queue: int | None = None
    """Connections that the program has not accepted; of several sockets on the port, that of the fullest."""
    accept_queue_limit: int | None = None
    connections: int | None = None
    unread: int | None = None
    """Connections with bytes that the program has not read."""
    waiting: int | None = None
    """Those of them that are not known to be a body that the program takes as it goes (backpressure)."""
    oldest_unread_seconds: float | None = None
    """How long the oldest of those waits; 0 where none does."""
    others_read: bool = False
    """Bytes that came after all those that wait have been read."""
    oldest_unaccepted_seconds: float | None = None
    """How long the oldest connection stands in the accept queue; 0 where none does."""
    process: Process | None = None

    @property
    def full(self) -> bool:
        """Return whether the kernel drops the next connection (Linux, include/net/sock.h: `sk_acceptq_is_full`)."""
        return self.accept_queue is not None and (
            self.accept_queue_limit is not None and self.accept_queue > self.accept_queue_limit
        )

    @property
    def longest_wait(self) -> float | None:
        """Return how long the oldest request or connection has waited, in seconds."""
        waits = [self.oldest_unread_seconds, self.oldest_unaccepted_seconds]
        return max((wait for wait in waits if wait is not None), default=None)

    @property
    def verdict(self) -> str:
        """Return what the figures mean."""
        if not self.listening:
            return "nobody listens"
        found = ["accept queue full: the kernel refuses connections"] if self.full else []
        if self.unread and self.oldest_unread_seconds is None:
            found.append(f"{_count(self.unread, 'request')} unread, for an unknown time")
        elif self.waiting and (self.oldest_unread_seconds or 0) >= NOTICE:
            whose = "some are not read" if self.others_read else "nobody reads"
            found.append(f"{whose}: {_wait(self.waiting, 'request', self.oldest_unread_seconds)}")
        elif self.accept_queue and (self.oldest_unaccepted_seconds or 0) >= NOTICE:
            found.append(f"nobody accepts: {_wait(self.accept_queue, 'connection', self.oldest_unaccepted_seconds)}")
        return "; ".join(found) or "serving"


def _wait(number: int, noun: str, seconds: float | None) -> str:
    verb = "waits" if number == 1 else "wait"
    return f"{_count(number, noun)} {verb}, the oldest for {seconds:.1f} s"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
