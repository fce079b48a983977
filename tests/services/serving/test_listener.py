"""The listening socket, and what it hands on at its end."""

import asyncio
import socket
from collections.abc import Callable

import pytest
import uvloop

from services.lab.process import LOOPBACK
from services.serving.listener import accept_all, listen


def test_connections_that_the_kernel_let_in_are_handed_on() -> None:
    """To close the socket would reset them; the socket that listens does not block."""
    with listen(LOOPBACK, 0) as listener:
        listener.setblocking(False)
        clients = [socket.create_connection(listener.getsockname()) for _ in range(3)]
        served = list(accept_all(listener))
        assert list(accept_all(listener)) == []
    assert sorted(sock.getpeername() for sock in served) == sorted(sock.getsockname() for sock in clients)
    for sock in clients + served:
        sock.close()


def test_a_port_that_is_taken_raises() -> None:
    """The error is the system's, and names it."""
    with listen(LOOPBACK, 0) as listener, pytest.raises(OSError, match="in use"):
        listen(*listener.getsockname())


@pytest.mark.parametrize("loops", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_no_response_waits_for_an_acknowledgement(loops: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Nagle's algorithm would hold a response's second segment back for 40 ms: it is off on every connection."""

    async def main() -> int:
        asked: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def accepted(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = listen(LOOPBACK, 0)
        async with await asyncio.start_server(accepted, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            nagle_off = await asked
            writer.close()
            return nagle_off

    with asyncio.Runner(loop_factory=loops) as runner:
        assert runner.run(main())
