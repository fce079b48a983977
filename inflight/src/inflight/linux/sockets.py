"""TCP sockets as the kernel lists them; what it did not say is None."""

from __future__ import annotations

from typing import NamedTuple


class Listener(NamedTuple):
    """A socket that listens. The kernel drops connections when its accept queue is longer than the limit."""

    port: int
    inode: int
    accept_queue: int
    accept_queue_limit: int | None


class Connection(NamedTuple):
    """An established connection on a local port, accepted or still in the accept queue."""

    port: int
    cookie: int
    """Names the socket; no other has had it since the machine started."""
    unread: int
    """Bytes that have arrived and that the program has not read; 0 where the client has closed its end since."""
    inode: int
    """0 while it stands in the accept queue."""
    since_received: float | None = None
    """Seconds since the last bytes arrived, or since the connection began where none have."""
    read: int | None = None
    """Bytes that the program has read since the connection began."""
    segments_sent: int | None = None
    """Segments with data that were sent, repeats included: 0 is a proof that the program has sent nothing."""


class Idle(NamedTuple):
    """Connections on a port that the program has accepted, and of which it has read all that came."""

    port: int
    connections: int
    since_received: float | None
    """Seconds since the last of them received bytes; None where none has received any."""
