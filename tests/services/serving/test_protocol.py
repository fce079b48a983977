"""Responses leave when they are written, and not on a closed connection."""

import asyncio
import threading
import time
from itertools import pairwise

import pytest

from inflight.types import Receive, Scope, Send
from services.serving.protocol import OpenTransport, prompt_protocol
from tests.inflight.server import request, respond, served

BLOCK = 0.6


@pytest.mark.alone
def test_a_response_leaves_before_the_next_handler_blocks(loop: str, http: str) -> None:
    """Uvloop would keep the first one back until the second handler is done, if the protocol let it."""

    async def blocks(_scope: Scope, _receive: Receive, send: Send) -> None:
        time.sleep(BLOCK)  # noqa: ASYNC251 - to block is the point
        await respond(send)

    with served(blocks, loop, http, protocol=prompt_protocol(http)) as server:
        connections = [server.connect() for _ in range(3)]
        came: list[float] = []

        def wait(connection: int) -> None:
            if connections[connection].recv(4096):
                came.append(time.perf_counter())

        for connection in connections:
            connection.sendall(request("/block"))
        waiting = [threading.Thread(target=wait, args=(number,)) for number in range(3)]
        for thread in waiting:
            thread.start()
        for thread in waiting:
            thread.join(10)
        for connection in connections:
            connection.close()
    assert all(later - earlier > BLOCK / 2 for earlier, later in pairwise(sorted(came)))
    assert len(came) == 3


def test_a_closing_transport_takes_nothing_more() -> None:
    """And anything else is the transport's own."""

    class Recording(asyncio.Transport):
        def __init__(self) -> None:
            super().__init__({"peername": "x"})
            self.written: list[bytes] = []
            self.closing = False

        def is_closing(self) -> bool:
            return self.closing

        def write(self, data: object) -> None:
            assert isinstance(data, bytes)
            self.written.append(data)

    recording = Recording()
    transport = OpenTransport(recording)
    transport.write(b"a")
    recording.closing = True
    transport.write(b"b")
    assert recording.written == [b"a"]
    assert transport.get_extra_info("peername") == "x"
