"""What lies unread in the sender is the sender's own time, not the network's."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from time import perf_counter, sleep

import pytest

from services.sender.record import Record
from services.sender.request import open_session, send_request

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how long something lay unread")

LAG, GRAIN = 0.2, 0.02
"""Seconds that the sender stands still, and by which the kernel's clock and ours may differ."""
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer-Timing: total;dur=0\r\n\r\nhi"


class Listener:
    """Answers one request when it may, and says how far it is."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.asked, self.may_answer, self.answered = (threading.Event() for _ in range(3))
        self.thread = threading.Thread(target=self._answer)

    def _answer(self) -> None:
        with self.listener, self.listener.accept()[0] as connection:
            while not connection.recv(65536).endswith(b"\r\n\r\n"):
                pass
            self.asked.set()
            assert self.may_answer.wait(20)
            connection.sendall(ANSWER)
            self.answered.set()
            connection.recv(1)  # until the client has gone


@pytest.fixture
def listener() -> Listener:
    """A listener whose kernel takes connections already."""
    return Listener()


def test_an_answer_that_the_sender_leaves_unread_is_its_own_time(listener: Listener) -> None:
    """Its event loop stands still when the answer comes: that is `sender`, and no one else's."""

    async def send() -> Record:
        async with open_session(20) as session:
            request = asyncio.create_task(send_request(session, listener.url, "task1", perf_counter(), 0.0))
            while not listener.asked.is_set():  # noqa: ASYNC110 - a thread sets it
                await asyncio.sleep(0.001)
            listener.may_answer.set()
            assert listener.answered.wait(20)
            sleep(LAG)  # noqa: ASYNC251 - to stand still is the point
            return await request

    listener.thread.start()
    record = asyncio.run(send())
    listener.thread.join(20)
    assert record.outcome == "ok"
    assert record.ledger["sender"] == pytest.approx(record.behind)
    assert LAG - GRAIN <= record.behind <= record.seconds
    assert sum(record.ledger.values()) == pytest.approx(record.seconds)


def test_a_connection_that_the_sender_does_not_go_on_with_is_its_own_time(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel establishes it while the event loop stands still: that is `sender`, and no time of connecting."""
    connect = socket.socket.connect
    listener.may_answer.set()

    def connect_and_stand_still(self: socket.socket, address: tuple[str, int]) -> None:
        try:
            connect(self, address)
        finally:
            sleep(LAG)

    async def send() -> Record:
        async with open_session(20) as session:
            return await send_request(session, listener.url, "task1", perf_counter(), 0.0)

    listener.thread.start()
    monkeypatch.setattr(socket.socket, "connect", connect_and_stand_still)
    record = asyncio.run(send())
    listener.thread.join(20)
    assert record.outcome == "ok"
    assert record.ledger["sender"] >= LAG - GRAIN
    assert record.ledger["connect"] <= record.seconds - LAG + GRAIN
    assert sum(record.ledger.values()) == pytest.approx(record.seconds)
