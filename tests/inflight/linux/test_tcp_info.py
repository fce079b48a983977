"""One connection, as the kernel knows it."""

import asyncio
import gc
import socket
import struct

import pytest

from inflight.linux import tcp_info


class FakeSocket:
    """Says what a kernel would."""

    def __init__(self, response: bytes | Exception) -> None:
        self.response = response

    def getsockopt(self, _level: int, _option: int, _size: int, /) -> bytes:
        if isinstance(self.response, Exception):
            raise self.response
        return self.response


def test_the_wait_is_read_from_tcp_info() -> None:
    """`tcpi_last_data_recv` stands 52 bytes into `struct tcp_info`, in milliseconds."""
    assert tcp_info.waited(FakeSocket(bytes(52) + struct.pack("=I", 1500))) == 1.5


@pytest.mark.parametrize("response", [b"", bytes(52), OSError("no such option")])
def test_a_kernel_that_does_not_say_is_not_guessed_for(response: bytes | Exception) -> None:
    """A shorter structure, or none, is an absent value."""
    assert tcp_info.waited(FakeSocket(response)) is None


def test_another_platform_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only Linux is asked."""
    monkeypatch.setattr(tcp_info, "AVAILABLE", False)
    assert tcp_info.waited(FakeSocket(bytes(104))) is None
    assert not tcp_info.left_by_peer(FakeSocket(b"\x08"))


def test_a_borrowed_socket_that_is_forgotten_closes_nothing() -> None:
    """Its number may be another connection's by then."""

    class Transport(asyncio.Transport):
        def get_extra_info(self, _name: str, _default: object = None) -> socket.socket:
            return left

    left, right = socket.socketpair()
    with left, right:
        borrowed = tcp_info.BorrowedSocket(Transport())
        assert borrowed.fileno() == left.fileno()
        del borrowed
        gc.collect()
        left.sendall(b"still open")
        assert right.recv(100) == b"still open"
