"""Servers that know nothing of inflight: what the client alone can tell of them."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import pytest

from inflight.send.record import Record
from inflight.send.request import send_request
from inflight.send.schedule import at_once
from inflight.send.sender import Sender, Target
from inflight.send.session import open_session
from tests.eventually import eventually

WITHIN = 30.0
TASKS = 5


class Server:
    """Sends `pieces` to each client, one by one as it is told; `backlog` connections wait beside one being served."""

    def __init__(self, *pieces: bytes, backlog: int = 100) -> None:
        self.pieces = pieces
        self.may_send = threading.Semaphore(0)
        self.received = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                self.received += 1
                for piece in self.pieces:
                    if not self.may_send.acquire(timeout=WITHIN):
                        return
                    connection.sendall(piece)


@contextmanager
def listening(*pieces: bytes, backlog: int = 100) -> Iterator[Server]:
    """Yield a server whose thread has not begun to accept; end it with the block."""
    server = Server(*pieces, backlog=backlog)
    try:
        yield server
    finally:
        server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
        if server.thread.ident:
            server.thread.join(WITHIN)


async def between(before: float, server: Server, url: str) -> tuple[Record, float, float]:
    """Return a record, and how long the server took at least to its first byte, and from there to its last."""
    async with open_session(WITHIN) as session:
        request = asyncio.create_task(send_request(session, url, "task1", before, 0.0))
        while not server.received:  # noqa: ASYNC110 - a thread counts
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.1)
        first = perf_counter()
        server.may_send.release()
        await asyncio.sleep(0.2)
        last = perf_counter()
        server.may_send.release()
        return await request, first - before, last - first


@pytest.mark.parametrize(
    "headers", [b"Content-Length: 4\r\n", b"Connection: close\r\n"], ids=["by length", "until it closes"]
)
def test_the_body_is_told_from_the_wait_for_the_first_byte(headers: bytes) -> None:
    """A server that streams: nothing of it is the network's, and the parts add up."""
    with listening(b"HTTP/1.1 200 OK\r\n" + headers + b"\r\nab", b"cd") as server:
        server.thread.start()
        record, to_first, to_last = asyncio.run(between(perf_counter(), server, server.url))
    assert record.outcome == "ok"
    assert record.ledger.keys() == {"sender", "connect", "first byte", "body"}
    assert sum(record.ledger.values()) == pytest.approx(record.seconds)
    assert record.ledger["body"] >= to_last - 0.02  # the kernel's clock has steps of about 4 ms
    assert record.ledger["body"] <= record.seconds - to_first + 0.02


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how often TCP tried")
def test_a_full_accept_queue_is_a_long_connect() -> None:
    """More connections than the server has room for: TCP tries again after a second, and the record says so."""
    with listening(b"HTTP/1.1 204 No Content\r\n\r\n", backlog=0) as server:
        records: list[Record] = []
        server.may_send.release(TASKS)

        async def burst() -> None:
            sender = Sender(Target("unaware", server.url), WITHIN)
            sending = asyncio.create_task(sender.send(at_once(TASKS)))
            await asyncio.sleep(0.5)  # the accept queue is full, and what does not fit in has been dropped
            server.thread.start()
            records.extend(await sending)

        asyncio.run(burst())
    eventually(lambda: server.received, TASKS)
    late = [record for record in records if record.connect_retries]
    assert [record.outcome for record in records] == ["ok"] * TASKS
    assert TASKS - 2 <= len(late) < TASKS
    assert all(record.ledger["connect"] >= 0.9 for record in late)
    assert all(record.connect_retries == 0 for record in records if record not in late)
