"""The kernel's queue: connections that hold bytes which nobody has read."""

import socket
import sys
from time import perf_counter, sleep

import pytest

from inflight import linux
from inflight.linux import proc_net, sock_diag, tcp_info


def test_without_netlink_the_tables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox may forbid the one and allow the other."""

    def forbidden(_port: int) -> int:
        raise PermissionError

    monkeypatch.setattr(sock_diag, "unread_connections", forbidden)
    monkeypatch.setattr(proc_net, "unread_connections", lambda port: port)
    monkeypatch.setattr(linux, "AVAILABLE", True)
    assert linux.unread_connections(8001) == 8001


def test_another_platform_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only Linux is asked."""
    monkeypatch.setattr(linux, "AVAILABLE", False)
    assert linux.unread_connections(8001) is None


@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")
def test_the_real_kernel_agrees() -> None:
    """Bytes that nobody reads are counted on their port, even before `accept`, and their age is known."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert linux.unread_connections(port) == 0
        with socket.create_connection(("127.0.0.1", port)) as client:
            sent_at = perf_counter()
            client.sendall(b"GET /")
            while not linux.unread_connections(port):
                assert perf_counter() < sent_at + 5
            sleep(0.1)
            accepted, _ = server.accept()
            with accepted:
                waited = tcp_info.waited(accepted)
                age = perf_counter() - sent_at
                assert waited is not None
                assert 0.1 - 0.02 <= waited <= age + 0.02
                accepted.recv(100)
                assert linux.unread_connections(port) == 0
