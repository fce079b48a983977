"""The kernel's tables of sockets in /proc, for where netlink is forbidden.

Source: man 5 proc_pid_net; Linux, net/ipv4/tcp_ipv4.c (`get_tcp4_sock`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

ESTABLISHED = b"01"
"""The state of a connection that is open at both ends, as /proc/net/tcp writes it (net/tcp_states.h)."""
TABLES = (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6"))


def unread_connections(port: int, tables: Iterable[Path] = TABLES) -> int | None:
    """Return how many connections on the local `port` hold unread bytes; None where no table can be read.

    Slow where there are many sockets. The kernel writes the tables piece by piece: when sockets come and go meanwhile,
    one may stand there twice, or not at all.
    """
    suffix = b":%04X" % port
    ends: set[tuple[bytes, bytes]] | None = None
    for table in tables:
        try:
            text = table.read_bytes()
        except OSError:
            continue
        ends = (ends or set()) | {(fields[1], fields[2]) for fields in _rows(text) if _holds_unread(fields, suffix)}
    return None if ends is None else len(ends)


def _rows(text: bytes) -> Iterator[list[bytes]]:
    for line in text.splitlines()[1:]:
        yield line.split(None, 5)


def _holds_unread(fields: list[bytes], suffix: bytes) -> bool:
    # sl  local_address  rem_address  st  tx_queue:rx_queue  ...
    return (
        len(fields) > 4
        and fields[3] == ESTABLISHED
        and fields[1].endswith(suffix)
        and not fields[4].endswith(b":00000000")
    )
