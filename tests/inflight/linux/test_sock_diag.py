"""The kernel's own answer about a port's connections."""

import socket
import struct
import sys
from contextlib import ExitStack

import pytest

from inflight.linux import proc_net, sock_diag
from tests.eventually import eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_it_says_what_the_tables_say(address: str) -> None:
    """Accepted or not, of both families; what is read, or silent, or on another port does not count."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with ExitStack() as stack:
        try:
            server = stack.enter_context(socket.create_server((address, 0), family=family, backlog=200))
        except OSError:
            assert family == socket.AF_INET6
            pytest.skip("this machine has no IPv6")
        port = server.getsockname()[1]
        clients = [stack.enter_context(socket.create_connection((address, port))) for _ in range(120)]
        accepted = [stack.enter_context(server.accept()[0]) for _ in range(30)]
        assert sock_diag.unread_connections(port) == 0
        for client in clients[:70]:
            client.sendall(b"GET /")
        eventually(lambda: sock_diag.unread_connections(port), 70)
        eventually(lambda: proc_net.unread_connections(port), 70)
        for connection in accepted[:10]:
            connection.recv(100)
        assert sock_diag.unread_connections(port) == 60
        eventually(lambda: proc_net.unread_connections(port), 60)
        assert sock_diag.unread_connections(clients[0].getsockname()[1]) == 0


def test_an_answer_in_many_parts_is_read_to_its_end() -> None:
    """The kernel gives 32 KiB at a time, which hold some 260 connections."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=700))
        address = server.getsockname()
        for _ in range(600):
            stack.enter_context(socket.create_connection(address)).sendall(b"x")
        eventually(lambda: sock_diag.unread_connections(address[1]), 600)


def test_a_dump_that_ends_in_an_error_is_an_oserror(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel says so in the dump's last message: here that nobody knows the protocol that was asked for."""
    request = sock_diag._request
    monkeypatch.setattr(sock_diag, "_request", lambda *fields: request(*fields)[:17] + b"\xfd" + request(*fields)[18:])
    with pytest.raises(OSError, match="No such file"):
        sock_diag.unread_connections(8001)


def test_the_kernels_error_is_an_oserror(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that it does not understand is refused, and that is not taken for a count of 0."""
    broken = struct.pack("=IHHII", 16, sock_diag.SOCK_DIAG_BY_FAMILY, sock_diag.REQUEST_DUMP, 0, 0)
    monkeypatch.setattr(sock_diag, "_request", lambda *_fields: broken)
    with pytest.raises(OSError, match=r".+"):
        sock_diag.unread_connections(8001)
