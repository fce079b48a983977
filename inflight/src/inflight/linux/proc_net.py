"""What /proc tells of the network namespace: its tables of sockets, for where netlink is forbidden, and its counters.

Source: man 5 proc_pid_net; Linux, net/ipv4/tcp_ipv4.c (`get_tcp4_sock`) and net/ipv4/proc.c.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from inflight.linux.sockets import Connection, Listener

ESTABLISHED, LISTEN = b"01", b"0A"
"""States of a TCP socket as /proc/net/tcp writes them (net/tcp_states.h)."""
TABLES = (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6"))
NETSTAT = Path("/proc/self/net/netstat")


def unread_connections(port: int, tables: Iterable[Path] = TABLES) -> int | None:
    """Return how many connections on the local `port` hold unread bytes; None where no table can be read."""
    found = unread_inodes(port, tables)
    return None if found is None else len(found)


def unread_inodes(port: int, tables: Iterable[Path] = TABLES) -> list[int] | None:
    """Return the inode of each such connection's socket: 0 while it stands in the accept queue; None as above."""
    found = sockets(tables)
    if found is None:
        return None
    return [each.inode for each in found if isinstance(each, Connection) and each.port == port and each.unread > 0]


def sockets(tables: Iterable[Path] = TABLES) -> list[Listener | Connection] | None:
    """Return all sockets that listen and all established connections; None where no table can be read.

    Slow where there are many sockets. The kernel writes the tables piece by piece: when sockets come and go meanwhile,
    one may stand there twice, which counts once, or not at all. The limits of accept queues are not in them, nor when
    bytes arrived or how many were read.
    """
    texts = [text for table in tables if (text := _read(table)) is not None]
    if not texts:
        return None
    distinct = {_identity(fields): fields for text in texts for fields in _rows(text)}
    return [_socket(fields) for fields in distinct.values()]


def listen_drops() -> tuple[int, int] | None:
    """Return how often an accept queue overflowed, and how many connections were dropped for any reason.

    Both count from the start of the network namespace, over all its ports. None where it cannot be read.
    """
    names: list[bytes] = []
    values: list[bytes] = []
    for line in (_read(NETSTAT) or b"").splitlines():
        kind, *fields = line.split()
        if kind == b"TcpExt:":
            names, values = values, fields
    counters = dict(zip(names, values, strict=False))
    try:
        return int(counters[b"ListenOverflows"]), int(counters[b"ListenDrops"])
    except (KeyError, ValueError):
        return None


def _read(table: Path) -> bytes | None:
    try:
        return table.read_bytes()
    except OSError:
        return None


def _rows(text: bytes) -> Iterator[list[bytes]]:
    for line in text.splitlines()[1:]:
        fields = line.split(None, 10)
        if len(fields) > 9 and fields[3] in {ESTABLISHED, LISTEN}:
            yield fields


def _identity(fields: list[bytes]) -> tuple[bytes, ...]:
    """Return both ends; several sockets may listen at one (SO_REUSEPORT), and an accepted connection gets an inode."""
    return fields[1], fields[2], fields[9] if fields[3] == LISTEN else b""


def _socket(fields: list[bytes]) -> Listener | Connection:
    # sl  local_address  rem_address  st  tx_queue:rx_queue  tr:tm->when  retrnsmt  uid  timeout  inode
    port, received = (int(fields[field].rpartition(b":")[2], 16) for field in (1, 4))
    inode = int(fields[9])
    if fields[3] == LISTEN:
        return Listener(port, inode, received, None)
    return Connection(port, hash((fields[1], fields[2])), received, inode)
