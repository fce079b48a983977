"""The listening socket's end: whom the kernel let in is served, and it lets in nobody else."""

import socket
import sys

import pytest

from services.lab.process import LOOPBACK
from services.listener import accept_all, let_nobody_in, listen


def test_whoever_was_let_in_is_served_and_nobody_else_is_let_in() -> None:
    """Between the last accept and the close no connection is opened that the close would reset."""
    if sys.platform != "linux":
        pytest.skip("only Linux filters what comes to a socket")
    with listen(LOOPBACK, 0) as listener:
        listener.setblocking(False)
        address = listener.getsockname()
        early = [socket.create_connection(address) for _ in range(3)]
        let_nobody_in(listener)
        with socket.socket() as late:
            late.settimeout(0.1)
            with pytest.raises(TimeoutError):
                late.connect(address)
        served = list(accept_all(listener))
    assert sorted(sock.getpeername() for sock in served) == sorted(sock.getsockname() for sock in early)
    for sock in served:
        sock.send(b"!")
    assert [sock.recv(1) for sock in early] == [b"!"] * 3
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    for sock in early + served:
        sock.close()


def test_a_port_that_is_taken_raises() -> None:
    """The error is the system's, and names it."""
    with listen(LOOPBACK, 0) as listener, pytest.raises(OSError, match="in use"):
        listen(*listener.getsockname())
