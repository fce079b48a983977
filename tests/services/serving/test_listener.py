"""The listening socket: what it hands on, and its end: whom the kernel let in is served, and it lets in nobody else."""

import asyncio
import socket
import sys
from collections.abc import Callable

import pytest
import uvloop

from services.lab.process import LOOPBACK
from services.serving.listener import accept_all, let_nobody_in, listen


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


@pytest.mark.parametrize("loops", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_no_answer_waits_for_an_acknowledgement(loops: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Nagle's algorithm would hold an answer's second segment back for 40 ms: it is off on every connection."""

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
