"""The kernel's queue."""

import asyncio
import gc
import socket
import struct
import sys
from pathlib import Path
from time import perf_counter, sleep

import pytest

from services.telemetry import kernel, sock_diag

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def row(port: int, state: str, unread: int, client: int = 50000) -> str:
    """Return a line as /proc/net/tcp has them."""
    ends = f"0100007F:{port:04X} 0100007F:{client:04X}"
    return f"   0: {ends} {state} 00000000:{unread:08X} 00:00000000 00000000  0  0 1 1 0 20\n"


class FakeSocket:
    """Says what a kernel would."""

    def __init__(self, answer: bytes | Exception) -> None:
        self.answer = answer

    def getsockopt(self, _level: int, _option: int, _size: int, /) -> bytes:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_counts_established_connections_with_unread_bytes(tmp_path: Path) -> None:
    """Only this port's, only established ones, only those that hold something."""
    table = tmp_path / "tcp"
    lines = [row(8001, "01", 7), row(8001, "01", 0), row(8002, "01", 7), row(8001, "08", 7), row(8001, "0A", 7)]
    table.write_text(HEADER + "".join(lines) + row(8001, "01", 1, client=50001))
    assert kernel.unread_in_tables(8001, [table]) == 2


def test_both_tables_count_and_a_missing_one_does_not_matter(tmp_path: Path) -> None:
    """A machine without IPv6 has no second table."""
    table, other = tmp_path / "tcp", tmp_path / "tcp6"
    table.write_text(HEADER + row(8001, "01", 7))
    other.write_text(HEADER + row(8001, "01", 7, client=50001))
    assert kernel.unread_in_tables(8001, [table, other]) == 2
    assert kernel.unread_in_tables(8001, [table, tmp_path / "none"]) == 1


def test_a_connection_that_stands_in_a_table_twice_is_one(tmp_path: Path) -> None:
    """The kernel goes on where it was when a piece has been read, and sockets that have come push others on."""
    table = tmp_path / "tcp"
    table.write_text(HEADER + 2 * row(8001, "01", 7))
    assert kernel.unread_in_tables(8001, [table]) == 1


def test_no_table_means_unknown_never_zero(tmp_path: Path) -> None:
    """Where nothing can be read, nothing is claimed."""
    assert kernel.unread_in_tables(8001, [tmp_path / "none"]) is None


def test_the_wait_is_read_from_tcp_info() -> None:
    """`tcpi_last_data_recv` stands 52 bytes into `struct tcp_info`, in milliseconds."""
    assert kernel.waited(FakeSocket(bytes(52) + struct.pack("=I", 1500))) == 1.5


@pytest.mark.parametrize("answer", [b"", bytes(52), OSError("no such option")])
def test_a_kernel_that_does_not_say_is_not_guessed_for(answer: bytes | Exception) -> None:
    """A shorter structure, or none, is an absent value."""
    assert kernel.waited(FakeSocket(answer)) is None


def test_without_netlink_the_tables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox may forbid the one and allow the other."""

    def forbidden(_port: int) -> int:
        raise PermissionError

    monkeypatch.setattr(sock_diag, "unread_connections", forbidden)
    monkeypatch.setattr(kernel, "unread_in_tables", lambda port: port)
    monkeypatch.setattr(kernel, "AVAILABLE", True)
    assert kernel.unread_connections(8001) == 8001


def test_another_platform_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only Linux is asked."""
    monkeypatch.setattr(kernel, "AVAILABLE", False)
    assert kernel.waited(FakeSocket(bytes(104))) is None
    assert kernel.unread_connections(8001) is None


@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")
def test_the_real_kernel_agrees() -> None:
    """Bytes that nobody reads are counted on their port, even before `accept`, and their age is known."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert kernel.unread_connections(port) == 0
        with socket.create_connection(("127.0.0.1", port)) as client:
            sent_at = perf_counter()
            client.sendall(b"GET /")
            while not kernel.unread_connections(port):
                assert perf_counter() < sent_at + 5
            sleep(0.1)
            accepted, _ = server.accept()
            with accepted:
                waited = kernel.waited(accepted)
                age = perf_counter() - sent_at
                assert waited is not None
                assert 0.1 - 0.02 <= waited <= age + 0.02
                accepted.recv(100)
                assert kernel.unread_connections(port) == 0


def test_a_borrowed_socket_that_is_forgotten_closes_nothing() -> None:
    """Its number may be another connection's by then."""

    class Transport(asyncio.Transport):
        def get_extra_info(self, _name: str, _default: object = None) -> socket.socket:
            return left

    left, right = socket.socketpair()
    with left, right:
        borrowed = kernel.BorrowedSocket(Transport())
        assert borrowed.fileno() == left.fileno()
        del borrowed
        gc.collect()
        left.sendall(b"still open")
        assert right.recv(100) == b"still open"
