"""The moments in the life of one request as the client sees them, and what lies between them."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter

from inflight.linux.tcp_info import retransmissions
from inflight.send.ledger import close_ledger
from inflight.send.response import TimedResponse, arrived


@dataclass(slots=True)
class Times:
    """Readings of `perf_counter`; None for what did not happen.

    `due` is when the request should have been sent, `begun` when the sender went about it, `ended` when it was done
    with it. `established` is when the kernel had the connection, `connected` when the sender went on with it.
    `response` is there when its headers are. `sockets` are those that a connection was tried on. `connect_retries` is
    how often TCP tried again on the one that came to be, None where it was open already or the system does not say.
    """

    due: float
    begun: float
    connect_started: float | None = None
    established: float | None = None
    connected: float | None = None
    connect_retries: int | None = None
    written: float | None = None
    response: TimedResponse | None = None
    ended: float = 0.0
    sockets: list[socket.socket] = field(default_factory=list)

    def note_connection(self) -> None:
        """Note that the connection is there."""
        self.connected = perf_counter()
        for sock in self.sockets:
            if sock.fileno() != -1:  # the others were closed: two addresses of a host are tried side by side
                self.established, self.connect_retries = arrived(sock), retransmissions(sock)

    @property
    def resent(self) -> int | None:
        """How many segments TCP has sent again since the connection was there; None on one that was open already."""
        again = None if self.response is None else self.response.retransmissions
        return None if again is None or self.connect_retries is None else again - self.connect_retries

    @property
    def seconds(self) -> float:
        """The whole time."""
        return self.ended - self.due

    @property
    def connect(self) -> float | None:
        """Seconds until the connection was there, or until the end; None on one that was open already."""
        if self.connect_started is None:
            return None
        if self.connected is None:
            return self.ended - self.connect_started
        return max(0.0, self.connected - self._late_with_connection - self.connect_started)

    @property
    def body(self) -> float | None:
        """Seconds from the response's first byte to its last, or to the end; None where no response began."""
        if self.response is None or self.response.first_byte is None:
            return None
        end = self.ended if self.response.last_byte is None else self.response.last_byte
        return max(0.0, end - self.response.first_byte)

    @property
    def behind(self) -> float:
        """Seconds that were the sender's own: until the request was written, and until what had come was read."""
        if self.written is None:
            before = self.begun - self.due + self._late_with_connection
        else:
            before = self.written - self.due - (self.connect or 0.0)
        last = None if self.response is None else self.response.last_byte
        after = 0.0 if last is None else self.ended - last
        return min(before + after, self.seconds)

    def ledger(self, server: Mapping[str, float]) -> dict[str, float]:
        """Return the request's ledger; `server` is its parsed `Server-Timing`. It is empty where nothing was tried."""
        if self.connected is None and self.connect_started is not None:
            before = self.connect_started - self.due
            return {"sender": before, "connect": self.seconds - before}
        if self.connected is None and self.written is None:
            return {}
        return close_ledger(self.seconds, self.behind, self.connect, self.body, server)

    @property
    def _late_with_connection(self) -> float:
        """Seconds for which a new connection was established before the sender went on with it."""
        if self.connected is None or self.connect_started is None or self.established is None:
            return 0.0
        return min(max(0.0, self.connected - self.established), self.connected - self.connect_started)
