"""The lean client: it takes a response for whole when it is, and counts what was refused or lost."""

from __future__ import annotations

import asyncio
import socket

import pytest

from bench.client import OK, Client, run, whole
from services.lab.process import LOOPBACK

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"


@pytest.mark.parametrize("received", [b"", HEAD[:20], HEAD, HEAD + b"abc"])
def test_an_answer_in_pieces_is_waited_for(received: bytes) -> None:
    """Nothing is whole before its last byte."""
    assert whole(received) is None


def test_a_whole_answer_has_its_status() -> None:
    """The status is known when the body has come."""
    assert whole(HEAD + b"abcd") == OK
    assert whole(HEAD.replace(b"200 OK", b"502 Bad Gateway") + b"abcd") == "502"


@pytest.mark.parametrize("received", [b"hello\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"])
def test_what_the_client_does_not_understand_is_an_error(received: bytes) -> None:
    """Not HTTP, or without a length: no response, rather than one that is never over."""
    with pytest.raises(ValueError, match="response"):
        whole(received)


class Server(asyncio.Protocol):
    """Answers its first requests, then breaks connections off instead."""

    responses = 0
    connections = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        Server.connections += 1
        self.transport = transport

    def data_received(self, _data: bytes) -> None:
        Server.responses -= 1
        if Server.responses < 0:
            self.transport.close()
        else:
            self.transport.write(HEAD + b"abcd")


async def _with_server(responses: int, count: int, connections: int) -> dict[str, int]:
    Server.responses, Server.connections = responses, 0
    server = await asyncio.get_running_loop().create_server(Server, LOOPBACK, 0)
    client = Client(server.sockets[0].getsockname()[1])
    try:
        return await client.keep_busy(count, connections)
    finally:
        client.close()
        server.close()


def test_every_request_is_counted_with_its_end() -> None:
    """Answered ones by status, broken ones by what broke them; none twice, none lost."""
    assert run(_with_server(responses=30, count=40, connections=4)) == {OK: 30, "ConnectionResetError": 10}


def test_connections_are_kept_alive() -> None:
    """So many connections serve all the requests."""
    assert run(_with_server(responses=40, count=40, connections=4)) == {OK: 40}
    assert Server.connections == 4


def test_a_refused_burst_is_counted() -> None:
    """Where nobody listens, every request of a burst has failed."""
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))  # bound, not listening: refuses, and nobody else can take it
        burst = run(Client(taken.getsockname()[1]).burst(20))
    assert (burst.outcomes, burst.failed) == ({"ConnectionRefusedError": 20}, 20)
