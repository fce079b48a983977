"""The kernel's own response about a port's connections."""

import os
import socket
import struct
import sys
from contextlib import ExitStack

import pytest

from inflight.linux import netlink, proc_net, sock_diag
from inflight.linux.sockets import Connection, Idle, Listener
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
    request = netlink._question
    monkeypatch.setattr(netlink, "_question", lambda *fields: request(*fields)[:17] + b"\xfd" + request(*fields)[18:])
    with pytest.raises(OSError, match="No such file"):
        sock_diag.unread_connections(8001)


def test_the_kernels_error_is_an_oserror(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that it does not understand is refused, and that is not taken for a count of 0."""
    broken = struct.pack("=IHHII", 16, netlink.SOCK_DIAG_BY_FAMILY, netlink.REQUEST_DUMP, 0, 0)
    monkeypatch.setattr(netlink, "_question", lambda *_fields: broken)
    with pytest.raises(OSError, match=r".+"):
        sock_diag.unread_connections(8001)


def test_listeners_and_connections_are_told_apart_with_what_is_known_of_each() -> None:
    """The queue and its limit; of a connection what is unread, what was read and sent, and whether it is accepted."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=9))
        port = server.getsockname()[1]
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(3)]
        for client in clients[:2]:
            client.sendall(b"0123456789")
        accepted = stack.enter_context(server.accept()[0])
        eventually(lambda: sock_diag.unread_connections(port), 2)
        assert accepted.recv(4) == b"0123"
        accepted.sendall(b"response")
        inode = os.fstat(server.fileno()).st_ino
        assert (socket.AF_INET, Listener(port, inode, 2, 9)) in list(sock_diag.listeners())
        found = [each for each in sock_diag.connections(socket.AF_INET, port) if isinstance(each, Connection)]
        assert sorted((each.unread, each.inode > 0, each.read, each.segments_sent) for each in found) == [
            (0, False, 0, 0),
            (6, True, 4, 1),
            (10, False, 0, 0),
        ]
        assert all(each.since_received is not None and 0 <= each.since_received < 60 for each in found)
        assert accepted.recv(100) == b"456789"
        idle = [each for each in sock_diag.connections(socket.AF_INET, port) if isinstance(each, Idle)]
        assert [(each.port, each.connections) for each in idle] == [(port, 1)]


@pytest.mark.parametrize(("address", "unread"), [("127.0.0.1", 3), ("::", 3), ("127.0.0.1", 700)])
def test_busy_connections_are_those_that_are_not_idle(address: str, unread: int) -> None:
    """As the list of all has them, whether they are few or not; of IPv4 at an IPv6 listener, too."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with ExitStack() as stack:
        try:
            server = socket.create_server((address, 0), family=family, backlog=2000, dualstack_ipv6=":" in address)
        except (OSError, ValueError):
            assert family == socket.AF_INET6
            pytest.skip("this machine has no IPv6")
        stack.enter_context(server)
        port = server.getsockname()[1]
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(800)]
        for _ in clients[:-2]:
            stack.enter_context(server.accept()[0])
        for client in clients[:unread]:
            client.sendall(b"GET /")
        eventually(lambda: sock_diag.unread_connections(port), unread)
        busy = {each._replace(since_received=None) for each in sock_diag.busy_connections(family, port)}
        every = [each for each in sock_diag.connections(family, port) if isinstance(each, Connection)]
        assert busy == {each._replace(since_received=None) for each in every}
        assert len(busy) == unread + 2


def test_a_connection_that_is_gone_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was closed since the kernel listed it. Any other error is one: no connection would be a claim."""
    nobodys = netlink.SOCKET_ID.pack(1, 1, 1, 1)
    assert list(netlink.found(socket.AF_INET, [nobodys], sock_diag.ASK_INFO)) == []
    broken = struct.pack("=IHHII", 16, netlink.SOCK_DIAG_BY_FAMILY, netlink.REQUEST, 0, 0)
    monkeypatch.setattr(netlink, "_question", lambda *_fields: broken)
    with pytest.raises(OSError, match=r".+"):
        list(netlink.found(socket.AF_INET, [nobodys], sock_diag.ASK_INFO))


def test_messages_of_different_lengths_are_each_read_by_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part may hold connections with one attribute more, with TCP_INFO elsewhere or nowhere, and the dump's end."""

    def message(unread: int, attributes: bytes) -> bytes:
        body = struct.pack("=BBBB48xIIIII", 2, 1, 0, 0, 0, unread, 0, 0, 7) + attributes
        return struct.pack("=IHHII", 16 + len(body), netlink.SOCK_DIAG_BY_FAMILY, 0, 0, 0) + body

    info = (
        struct.pack("=HH", 4 + 248, sock_diag.INET_DIAG_INFO) + bytes(52) + struct.pack("=I72xQ20xI84x", 1500, 100, 3)
    )
    other = struct.pack("=HH4x", 8, 8)
    messages = [message(1, info), message(2, info), message(3, other + info), message(4, b""), message(5, info)]
    end = struct.pack("=IHHIIi", 20, netlink.DONE, 0, 0, 0, 0)
    parts = [b"".join([*messages, end])]

    def receive(_netlink: socket.socket, buffer: bytearray) -> int:
        part = parts.pop()
        buffer[: len(part)] = part
        return len(part)

    monkeypatch.setattr(netlink, "_receive", receive)
    found = [each for each in sock_diag.connections(socket.AF_INET, 8001) if isinstance(each, Connection)]
    assert [(each.unread, each.since_received, each.read, each.segments_sent) for each in found] == [
        (1, 1.5, 99, 3),
        (2, 1.5, 98, 3),
        (3, 1.5, 97, 3),
        (4, None, None, None),
        (5, 1.5, 95, 3),
    ]
