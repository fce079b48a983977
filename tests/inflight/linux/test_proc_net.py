"""The tables of sockets in /proc."""

from pathlib import Path

import pytest

from inflight.linux import proc_net
from inflight.linux.sockets import Listener

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def row(port: int, state: str, unread: int, client: int = 50000) -> str:
    """Return a line as /proc/net/tcp has them."""
    ends = f"0100007F:{port:04X} 0100007F:{client:04X}"
    return f"   0: {ends} {state} 00000000:{unread:08X} 00:00000000 00000000  0  0 1 1 0 20\n"


def test_counts_established_connections_with_unread_bytes(tmp_path: Path) -> None:
    """Only this port's, only established ones, only those that hold something."""
    table = tmp_path / "tcp"
    lines = [
        row(8001, "01", 7),
        row(8001, "01", 0, client=50002),
        row(8002, "01", 7),
        row(8001, "08", 7),
        row(8001, "0A", 7),
    ]
    table.write_text(HEADER + "".join(lines) + row(8001, "01", 1, client=50001))
    assert proc_net.unread_connections(8001, [table]) == 2


def test_both_tables_count_and_a_missing_one_does_not_matter(tmp_path: Path) -> None:
    """A machine without IPv6 has no second table."""
    table, other = tmp_path / "tcp", tmp_path / "tcp6"
    table.write_text(HEADER + row(8001, "01", 7))
    other.write_text(HEADER + row(8001, "01", 7, client=50001))
    assert proc_net.unread_connections(8001, [table, other]) == 2
    assert proc_net.unread_connections(8001, [table, tmp_path / "none"]) == 1


def test_a_connection_that_stands_in_a_table_twice_is_one(tmp_path: Path) -> None:
    """The kernel goes on where it was when a piece has been read, and sockets that have come push others on."""
    table = tmp_path / "tcp"
    table.write_text(HEADER + 2 * row(8001, "01", 7))
    assert proc_net.unread_connections(8001, [table]) == 1


def test_no_table_means_unknown_never_zero(tmp_path: Path) -> None:
    """Where nothing can be read, nothing is claimed."""
    assert proc_net.unread_connections(8001, [tmp_path / "none"]) is None


def test_sockets_that_listen_at_the_same_end_are_several(tmp_path: Path) -> None:
    """Each worker may have its own queue (SO_REUSEPORT); its limit is not in the table."""
    table = tmp_path / "tcp"
    listens = row(8001, "0A", 3, client=0)
    table.write_text(HEADER + listens + listens.replace(" 1 1 0 20", " 2 1 0 20"))
    assert proc_net.sockets([table]) == [Listener(8001, 1, 3, None), Listener(8001, 2, 3, None)]


def test_the_counters_of_drops_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux adds counters before others; where they are not, nothing is claimed."""
    netstat = tmp_path / "netstat"
    monkeypatch.setattr(proc_net, "NETSTAT", netstat)
    assert proc_net.listen_drops() is None
    netstat.write_text("TcpExt: New ListenOverflows ListenDrops\nTcpExt: 5 7 9\nIpExt: InNoRoutes\nIpExt: 0\n")
    assert proc_net.listen_drops() == (7, 9)
    netstat.write_text("TcpExt: New\nTcpExt: 5\n")
    assert proc_net.listen_drops() is None
