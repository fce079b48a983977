"""Looks at real ports of this process."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inflight.linux import proc_net, sock_diag
from inflight.watch.port import Port
from inflight.watch.watcher import KernelError, Watcher
from tests.eventually import eventually
from tests.inflight.watch.servers import GET, LOOPBACK, free_port, requests

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")


@contextmanager
def listening(host: str = LOOPBACK, backlog: int = 100) -> Iterator[tuple[socket.socket, int]]:
    """Listen, and accept nothing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        server = socket.create_server((host, 0), family=family, backlog=backlog, dualstack_ipv6=host == "::")
    except (OSError, ValueError):
        pytest.skip("this machine has no IPv6")
    with server:
        yield server, server.getsockname()[1]


def one(watcher: Watcher) -> Port:
    """Return the watcher's only port as it is now."""
    (port,) = watcher.look().ports
    return port


@pytest.mark.parametrize(("host", "to"), [(LOOPBACK, LOOPBACK), ("::1", "::1"), ("::", LOOPBACK)])
def test_it_sees_queue_connections_and_process(host: str, to: str) -> None:
    """Over IPv4, IPv6, and IPv4 at a socket for both."""
    with listening(host) as (server, port), requests(port, 5, to) as clients:
        watcher = Watcher([port])
        eventually(lambda: one(watcher).unread, 5)
        for _ in range(2):
            server.accept()[0].close()  # what is closed unread is reset
        clients[-1].close()
        eventually(lambda: (one(watcher).connections, one(watcher).unread), (3, 2))
        found = one(watcher)
        assert (found.accept_queue, found.accept_queue_limit, found.waiting) == (3, 100, 2)
        assert found.process is not None
        assert (found.process.pid, found.process.others) == (os.getpid(), 0)


@pytest.mark.parametrize("idle", [True, False])
def test_clients_that_have_left_say_that_nobody_accepts(idle: bool) -> None:
    """Of a server that hangs, nothing but them may be left: probes give up after a second."""
    with listening() as (_, port), requests(port, 3) as clients:
        watcher = Watcher([port], idle=idle)
        clients[0].shutdown(socket.SHUT_WR)
        for client in clients[1:]:
            client.close()
        eventually(lambda: one(watcher).unread, 0)
        eventually(lambda: one(watcher).verdict.partition(",")[0], "nobody accepts: 3 connections wait")


def test_a_full_accept_queue_refuses_and_is_counted() -> None:
    """The kernel lets one more in than the limit says, and drops the next."""
    with listening(backlog=2) as (_, port), requests(port, 3), socket.socket() as refused:
        watcher = Watcher([port])
        eventually(lambda: one(watcher).full, True)
        before = watcher.look().listen_overflows
        refused.settimeout(0.3)
        with pytest.raises(TimeoutError):
            refused.connect((LOOPBACK, port))
        after = watcher.look().listen_overflows
        assert before is not None
        assert after is not None
        assert after > before


def test_of_several_sockets_on_a_port_the_fullest_is_shown() -> None:
    """Each worker may have its own (SO_REUSEPORT): one full queue refuses, however empty the others are."""
    with socket.create_server((LOOPBACK, 0), backlog=100, reuse_port=True) as first:
        port = first.getsockname()[1]
        with socket.create_server((LOOPBACK, port), backlog=1, reuse_port=True) as second, requests(port, 0) as clients:
            second.settimeout(0)
            for _ in range(60):
                client = socket.socket()
                client.setblocking(False)
                client.connect_ex((LOOPBACK, port))
                clients.append(client)
            watcher = Watcher([port])
            eventually(lambda: (one(watcher).accept_queue, one(watcher).accept_queue_limit), (2, 1))
            assert one(watcher).full
            for client in clients:
                client.close()


def test_all_ports_that_listen_but_those_left_out() -> None:
    """Where none is named; in order, and connections of others do not count."""
    with listening() as (_, first), listening() as (_, second), listening() as (_, third), requests(second, 2):
        watcher = Watcher(without=[third])
        eventually(lambda: {port.port: port.unread for port in watcher.look().ports}.get(second), 2)
        ports = [port.port for port in watcher.look().ports]
        assert ports == sorted(ports)
        assert {first, second} <= set(ports)
        assert third not in ports


def test_several_ports_in_the_order_in_which_they_are_named() -> None:
    """One that nobody listens on has no figures, not zeros."""
    with listening() as (_, first), listening() as (_, second), requests(second, 2):
        free = free_port()
        watcher = Watcher([second, free, first, second])
        eventually(
            lambda: [(port.port, port.unread) for port in watcher.look().ports], [(second, 2), (free, None), (first, 0)]
        )
        assert watcher.look().ports[1] == Port(port=free, listening=False)


def test_a_port_that_is_listened_on_again_begins_anew() -> None:
    """A server that is started again is another process."""
    port = free_port()
    watcher = Watcher([port])
    assert not one(watcher).listening
    with socket.create_server((LOOPBACK, port)):
        assert one(watcher).listening
    assert not one(watcher).listening


def test_without_netlink_the_tables_say_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits and ages are unknown, and what is missing is said."""

    def forbidden() -> None:
        raise PermissionError

    monkeypatch.setattr(sock_diag, "listeners", forbidden)
    with listening() as (_, port), requests(port, 3):
        watcher = Watcher([port])
        eventually(lambda: one(watcher).unread, 3)
        found = watcher.look()
        assert "without the limits of accept queues and the ages" in (found.missing or "")
        assert found.ports[0]._replace(process=None) == Port(port=port, accept_queue=3, connections=3, unread=3)
        monkeypatch.setattr(proc_net, "sockets", lambda: None)
        with pytest.raises(KernelError, match="neither netlink nor /proc/net/tcp"):
            watcher.look()


def test_without_counters_none_are_claimed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A sandbox may have no /proc/net/netstat."""
    monkeypatch.setattr(proc_net, "NETSTAT", tmp_path / "none")
    found = Watcher([free_port()]).look()
    assert (found.listen_overflows, found.listen_drops) == (None, None)


def test_it_needs_no_privileges() -> None:
    """Another user's server is seen by anybody; only its process is not."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    with listening() as (server, port), requests(port, 3):
        watcher = Watcher([port])
        eventually(lambda: one(watcher).unread, 3)
        child = os.fork()
        if not child:
            server.close()  # else it would be a server of its own
            os.setuid(65534)
            found = one(Watcher([port]))
            os._exit(0 if (found.accept_queue, found.unread, found.process) == (3, 3, None) else 1)
        _, status = os.waitpid(child, 0)
        assert status == 0


@pytest.mark.long
def test_ten_thousand_connections() -> None:
    """Nine in a hundred of them hold something unread: every one is found."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    number = 10_000
    if hard < number + 1000:
        pytest.skip(f"this machine allows a process no more than {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    child = 0
    try:
        with listening(backlog=4096) as (server, port):
            stop, stopped = os.pipe()
            child = os.fork()
            if not child:
                _connect(port, number, stop, stopped)
            accepted = [server.accept()[0] for _ in range(number)]
            watcher = Watcher([port])
            eventually(lambda: (one(watcher).connections, one(watcher).unread), (number, number * 9 // 100))
            for connection in accepted:
                connection.close()
            os.close(stop)
            os.close(stopped)
    finally:
        if child:
            os.waitpid(child, 0)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _connect(port: int, number: int, stop: int, stopped: int) -> None:
    """Connect so often in a process of its own, which ends when the pipe is closed."""
    os.close(stopped)
    clients = []
    for index in range(number):
        clients.append(socket.create_connection((LOOPBACK, port)))
        if index % 100 < 9:
            clients[-1].sendall(GET)
    os.read(stop, 1)
    os._exit(0)
