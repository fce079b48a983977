"""The gauges: what is in flight and what waits at this moment, read when a scrape asks, from the scraping thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from inflight import linux
from inflight.ledger import Ledger
from inflight.linux.processes import sockets_of

if TYPE_CHECKING:
    from inflight.stamp import Connection, Stamp

MOST_UPSTREAMS = 50
"""Names of upstreams that become labels; a program that makes up more has them counted as `OTHER_UPSTREAM`."""
OTHER_UPSTREAM = "other"


class Live(Collector):
    """What is where now. The serving code writes it without locks; a scrape in another thread only reads it.

    Counting at scrape time costs a request next to nothing, and no gauge can drift: a request is in flight exactly as
    long as its ledger is in the set. A queue is exported from when something watches it; before, it is absent.
    """

    def __init__(self, labels: Callable[[Ledger], tuple[str, str]], known: set[tuple[str, str]]) -> None:
        self._labels = labels
        self.in_flight: set[Ledger] = set()
        self.websockets: set[Ledger] = set()
        self.read: dict[Connection, Stamp] = {}
        """Connections that were read, and whose request has not begun."""
        self.stamped = False
        """Whether connections are watched at all; else `loop` is not known."""
        self.connections: set[Connection] = set()
        """The server's open connections, WebSockets left out."""
        self.peers: dict[object, Connection] = {}
        """The same, by the client's address and port, where requests find their stamp by it."""
        self.fresh_contexts = False
        """Whether the server runs requests in contexts of their own, in which no stamp can be found."""
        self.upgraded: set[int] = set()
        """The inodes of the connections that are WebSockets: what is unread there is no request."""
        self.ports: set[int] = set()
        """The service's own ports, whose unread connections are the kernel's queue."""
        self.shares_port = False
        """Whether other processes accept from these ports, too: then what is not accepted yet is not this one's."""
        self.stalled: Callable[[], float | None] = lambda: None
        self.known = known
        """The method and route of every request that has been here: where none is in flight, 0 are."""
        self.known_websockets: set[str] = set()
        self._waits: dict[str, set[object]] = {}
        self._calls: dict[str, set[object]] = {}
        self._older: dict[Connection, Stamp] = {}

    def waits(self, queue: str) -> set[object]:
        """Return what waits in `queue`, which is watched from now on."""
        found = self._waits.get(queue)
        return self._waits.setdefault(queue, set()) if found is None else found

    def calls(self, name: str) -> set[object]:
        """Return the calls to one upstream that are under way, which is exported from now on."""
        found = self._calls.get(name)
        return self._calls.setdefault(name, set()) if found is None else found

    def begin_call(self, name: str, call: object) -> str:
        """Count a call, and return the name that it counts under."""
        if name not in self._calls and len(self._calls) >= MOST_UPSTREAMS:
            name = OTHER_UPSTREAM
        self.calls(name).add(call)
        return name

    def end_call(self, name: str, call: object) -> None:
        """Count it no more."""
        self.calls(name).discard(call)

    def connect(self, connection: Connection, address: object) -> None:
        """Watch a new connection of the server's, made to `address` (a Unix socket's has no port)."""
        self.stamped = True
        self.connections.add(connection)
        if connection.peer is not None:
            self.peers[connection.peer] = connection
        if isinstance(address, tuple):
            self.ports.add(address[1])

    def disconnect(self, connection: Connection) -> None:
        """Watch it no more."""
        self.connections.discard(connection)
        if self.peers.get(connection.peer) is connection:
            del self.peers[connection.peer]

    def stamp_of(self, client: object) -> Stamp | None:
        """Return the stamp of a client's last read; None where its requests carry their own."""
        connection = self.peers.get(client) if self.fresh_contexts else None
        return None if connection is None else connection.stamp

    def sweep(self) -> None:
        """Forget connections whose bytes were no request's beginning; called on the event loop, a turn or more apart.

        A task that a read has started has run by the loop's next turn, so what has stood here for one is not waiting.
        """
        for connection, stamp in self._older.items():
            if self.read.get(connection) is stamp:
                del self.read[connection]
        self._older = dict(self.read)

    def waiting(self) -> dict[str, int]:
        """Return how many wait in each queue; a queue that nobody watches is absent."""
        counts: dict[str, int | None] = {"kernel": self.unread(), "loop": len(self.read) if self.stamped else None}
        counts.update((queue, len(waits)) for queue, waits in tuple(self._waits.items()))
        return {queue: count for queue, count in counts.items() if count is not None}

    def unread(self) -> int | None:
        """Return how many connections of the service's ports hold unread bytes; None where it cannot be known.

        Those of this process, and those that are not accepted yet. Not among them: a connection whose request is in
        flight. Its bytes are a body that the handler does not want yet, or a request sent ahead.
        """
        found = [linux.unread_inodes(port) for port in tuple(self.ports)]
        if not found or None in found:
            return None
        unread = [inode for inodes in found if inodes is not None for inode in inodes]
        waiting = self.unread_requests(unread)
        return sum(inode in waiting for inode in unread)

    def unread_requests(self, unread: Iterable[int]) -> set[int]:
        """Return which of these sockets, all with unread bytes, hold a request that nobody has read."""
        connections = tuple(self.connections)
        waiting = {each.inode for each in connections if not each.open}
        if not self.shares_port:
            waiting.add(0)
        others = set(unread) - waiting - self.upgraded - {0}
        unknown = others and others.difference(each.inode for each in connections)
        if unknown:  # asyncio accepts a connection some turns of the loop before it tells the protocol
            waiting.update(unknown & (sockets_of() or set()))
        return waiting

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges as they are now."""
        yield self._requests()
        yield _gauge("http_requests_waiting", "Requests waiting in each queue now.", "queue", self.waiting().items())
        calls = [(name, len(calls)) for name, calls in tuple(self._calls.items())]
        yield _gauge("http_client_requests_in_flight", "Calls to an upstream now.", "upstream", calls)
        yield self._websockets()
        stalled = self.stalled()
        if stalled is not None:
            yield GaugeMetricFamily(
                "event_loop_stalled_seconds", "Time since the event loop's last heartbeat.", stalled
            )

    def _requests(self) -> GaugeMetricFamily:
        counts = self._counted(self.in_flight)
        self.known.update(counts)
        family = GaugeMetricFamily(
            "http_requests_in_flight",
            "Requests that entered the application and whose last byte is not yet sent.",
            labels=("method", "route"),
        )
        for key in sorted(self.known):
            family.add_metric(key, counts[key])
        return family

    def _websockets(self) -> GaugeMetricFamily:
        counts = Counter(route for (_, route), count in self._counted(self.websockets).items() for _ in range(count))
        self.known_websockets.update(counts)
        rows = [(route, counts[route]) for route in sorted(self.known_websockets)]
        return _gauge("websocket_connections", "WebSockets that are open.", "route", rows)

    def _counted(self, ledgers: set[Ledger]) -> Counter[tuple[str, str]]:
        counts: Counter[tuple[str, str]] = Counter()
        # tuple(set) runs without letting another thread in (one C call under the interpreter's lock).
        for ledger in tuple(ledgers):
            key = self._labels(ledger)
            if not ledger.finished:  # else it may have ended, and let go of its scope, before its labels were read
                counts[key] += 1
        return counts


def _gauge(name: str, documentation: str, label: str, rows: Iterable[tuple[str, Any]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, documentation, labels=(label,))
    for value, count in rows:
        family.add_metric((value,), count)
    return family
