"""What waits for the sender is the sender's own time, not the network's."""

from __future__ import annotations

import asyncio
import socket
import sys
from time import perf_counter, sleep

import pytest

from inflight.send.record import Record
from inflight.send.request import send_request
from inflight.send.session import open_session
from tests.one_response import APART, GRAIN, LAG, WHOLE, WITHIN, OneResponse

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how long something lay unread")


async def sent(url: str) -> Record:
    """Return the record of one request."""
    async with open_session(WITHIN) as session:
        return await send_request(session, url, "task1", perf_counter(), 0.0)


@pytest.mark.parametrize("pieces", [WHOLE, APART])
def test_an_answer_that_the_sender_leaves_unread(pieces: tuple[bytes, ...]) -> None:
    """Its event loop stands still when the response, or its end, comes: that is `sender`, and nobody else's."""
    server = OneResponse(pieces)

    async def stand_still() -> Record:
        request = asyncio.create_task(sent(server.url))
        await server.answer_to_a_loop_that_stands_still()
        return await request

    record = asyncio.run(stand_still())
    server.thread.join(WITHIN)
    assert record.outcome == "ok"
    assert LAG - GRAIN <= record.behind <= record.seconds - server.took + GRAIN
    assert record.ledger["sender"] == pytest.approx(record.behind, abs=GRAIN)
    assert sum(record.ledger.values()) == pytest.approx(record.seconds)


def test_a_connection_that_the_sender_does_not_go_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel establishes it while the event loop stands still: that is `sender`, and no time of connecting."""
    connect = socket.socket.connect
    server = OneResponse()
    server.may_respond.release()

    def connect_and_stand_still(self: socket.socket, address: tuple[str, int]) -> None:
        try:
            connect(self, address)
        finally:
            sleep(LAG)

    monkeypatch.setattr(socket.socket, "connect", connect_and_stand_still)
    record = asyncio.run(sent(server.url))
    server.thread.join(WITHIN)
    assert record.outcome == "ok"
    assert record.ledger["sender"] >= LAG - GRAIN
    assert record.ledger["connect"] <= record.seconds - LAG + GRAIN
    assert sum(record.ledger.values()) == pytest.approx(record.seconds)
