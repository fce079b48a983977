"""Looks at ports: asks the kernel, and joins what it says of listeners, connections and processes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import chain
from time import monotonic
from typing import NamedTuple

from inflight.linux import proc_net, sock_diag
from inflight.linux.processes import Process, owners
from inflight.linux.sockets import Connection, Idle, Listener
from inflight.watch.port import Port
from inflight.watch.reading import Reading, Readings

NO_NETLINK = (
    "netlink is not allowed here: from /proc/net/tcp, without the limits of accept queues and the ages of unread bytes"
)
NOTHING = "neither netlink nor /proc/net/tcp can be read here"


class Look(NamedTuple):
    """The ports at one moment, and what holds for their network namespace."""

    ports: list[Port]
    listen_overflows: int | None
    """How often an accept queue was full, since the namespace began; None where it is unknown."""
    listen_drops: int | None
    """Connections that the kernel dropped, for that reason or another."""
    missing: str | None = None
    """What cannot be known here, in words."""


Listeners = dict[int, list[Listener]]


class KernelError(Exception):
    """The kernel tells nothing of sockets here."""


class Watcher:
    """Looks at ports again and again; at all that listen where none is named. Not for several threads at once.

    Without `idle` a look counts no idle connections and does not know when they were read, which takes the kernel a
    third of the time.
    """

    def __init__(self, ports: Collection[int] = (), *, without: Collection[int] = (), idle: bool = True) -> None:
        self._ports = list(dict.fromkeys(ports))
        self._without = set(without)
        self._idle = idle
        self._readings: dict[int, Readings] = {}
        self._processes: dict[int, Process] = {}
        self._looked_for: set[int] = set()

    def look(self) -> Look:
        """Return how the ports are now. Raises KernelError."""
        try:
            listeners, readings, missing = *self._from_netlink(), None
        except (OSError, ImportError):  # a sandbox may forbid netlink, a Python may be built without ctypes
            listeners, readings, missing = *self._from_tables(), NO_NETLINK
        self._find_processes({each.inode for sockets in listeners.values() for each in sockets})
        ports = [
            self._port(port, listeners[port], readings[port]) if port in listeners else Port(port=port, listening=False)
            for port in self._ports or sorted(listeners)
        ]
        overflows, drops = proc_net.listen_drops() or (None, None)
        return Look(ports=ports, listen_overflows=overflows, listen_drops=drops, missing=missing)

    def _from_netlink(self) -> tuple[Listeners, dict[int, Reading]]:
        found = list(sock_diag.listeners())
        listeners = self._by_port(listener for _, listener in found)
        # A connection is of its listener's family; to walk the kernel's table once more takes milliseconds.
        families = {family for family, listener in found if listener.port in listeners}
        one = self._ports[0] if len(self._ports) == 1 else 0
        ask = sock_diag.connections if self._idle else sock_diag.busy_connections
        return listeners, self._read(listeners, chain.from_iterable(ask(family, one) for family in families))

    def _from_tables(self) -> tuple[Listeners, dict[int, Reading]]:
        sockets = proc_net.sockets()
        if sockets is None:
            raise KernelError(NOTHING)
        listeners = self._by_port(each for each in sockets if isinstance(each, Listener))
        return listeners, self._read(listeners, (each for each in sockets if isinstance(each, Connection)))

    def _by_port(self, listeners: Iterable[Listener]) -> Listeners:
        found: Listeners = {}
        for listener in listeners:
            if listener.port in self._ports if self._ports else listener.port not in self._without:
                found.setdefault(listener.port, []).append(listener)
        return found

    def _read(self, listeners: Listeners, connections: Iterable[Connection | Idle]) -> dict[int, Reading]:
        """Look at the connections as they come: there may be tens of thousands."""
        self._readings = {port: self._readings.get(port) or Readings() for port in listeners}
        now = monotonic()
        for readings in self._readings.values():
            readings.begin(now)
        for connection in connections:
            if connection.port in self._readings:
                self._readings[connection.port].add(connection)
        found = {port: readings.end() for port, readings in self._readings.items()}
        return found if self._idle else {port: each._replace(connections=None) for port, each in found.items()}

    def _port(self, port: int, listeners: list[Listener], reading: Reading) -> Port:
        fullest = max(listeners, key=_fullness)
        return Port(
            port=port,
            accept_queue=fullest.accept_queue,
            accept_queue_limit=fullest.accept_queue_limit,
            process=next((self._processes[each.inode] for each in listeners if each.inode in self._processes), None),
            **reading._asdict(),
        )

    def _find_processes(self, inodes: set[int]) -> None:
        """Look through /proc for the owners of sockets that are new."""
        self._processes = {inode: each for inode, each in self._processes.items() if inode in inodes}
        if new := inodes - self._looked_for:
            self._processes |= owners(new)
        self._looked_for = inodes


def _fullness(listener: Listener) -> tuple[float, int]:
    limit = listener.accept_queue_limit
    return (0 if limit is None else listener.accept_queue / (limit + 1), listener.accept_queue)
