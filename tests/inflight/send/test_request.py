"""Requests, one by one and in runs, against servers that respond well, badly, or not at all."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from time import perf_counter

import pytest
from prometheus_client import CollectorRegistry

from inflight.send.metrics import SenderMetrics
from inflight.send.outcome import OUTCOMES
from inflight.send.record import Record
from inflight.send.request import send_request
from inflight.send.schedule import at_once, open_loop
from inflight.send.sender import Sender, Target
from inflight.send.session import open_session
from tests.inflight.send.faulty import FaultyServer

OUTCOMES_OF = {
    "good": "ok",
    "moved": "ok",
    "status-204": "ok",
    "status-404": "client_error",
    "status-500": "server_error",
    "closes": "reset",
    "resets": "reset",
    "half-a-body": "reset",
    "half-a-body-resets": "reset",
    "half-a-chunk": "reset",
    "hangs": "timeout",
    "half-a-body-hangs": "timeout",
    "dribbles": "timeout",
    "dribbles-the-headers": "timeout",
    "not-http": "invalid_response",
    "badly-zipped": "invalid_response",
    "endless": "invalid_response",
    "endless-headers": "invalid_response",
}
TIMEOUT = 0.5


@pytest.fixture(scope="module")
def faulty() -> Iterator[FaultyServer]:
    """A server that does what the task's name says."""
    backend = FaultyServer()
    yield backend
    backend.close()


def sent(url: str, timeout: float = 30.0, tasks: int = 1) -> list[Record]:
    """Return the records of tasks sent at once."""
    return asyncio.run(Sender(Target("gateway", url), timeout).send(at_once(tasks)))


@pytest.mark.parametrize("fault", OUTCOMES_OF)
def test_every_end_has_its_outcome(faulty: FaultyServer, fault: str) -> None:
    """A request never raises; its record says what became of it, and its times are in the order of its life."""
    outcome = OUTCOMES_OF[fault]
    (record,) = sent(f"{faulty.url}/{fault}", TIMEOUT if outcome == "timeout" else 30.0)
    assert record.outcome == outcome
    assert record.outcome in OUTCOMES
    assert 0 <= record.due <= record.sent <= record.finished
    assert record.seconds == pytest.approx(record.finished - record.due)
    assert sum(record.ledger.values()) == pytest.approx(record.seconds)
    if outcome == "timeout":
        assert record.seconds >= TIMEOUT


def test_nobody_listens(faulty: FaultyServer) -> None:
    """A port without a listener refuses."""
    with faulty.gone():
        (record,) = sent(f"{faulty.url}/good")
    assert (record.outcome, record.status, record.first_byte) == ("refused", None, None)
    assert record.ledger.keys() == {"sender", "connect"}


@pytest.mark.parametrize("url", ["http://nobody.invalid/", "http://..../"])
def test_a_host_that_nobody_knows_is_unreachable(url: str) -> None:
    """Neither a name without an address nor one that no DNS could hold is an exception."""
    (record,) = sent(url)
    assert record.outcome == "unreachable"


def test_the_log_is_the_articles(faulty: FaultyServer, caplog: pytest.LogCaptureFixture) -> None:
    """Four lines a task, in the article's words."""
    caplog.set_level(logging.INFO, "inflight.send")
    sent(f"{faulty.url}/good")
    assert caplog.messages == [
        "--- task1 -----",
        "--- task1 Send!!",
        "--- task1 status = 200",
        '--- task1{"message":"success"}',
    ]


class OneResponse(threading.Thread):
    """A server that responds once on each connection, and breaks it at the second request; `received` counts them."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.received = 0

    def run(self) -> None:
        with self.listener:
            while self.received < 2:
                with self.listener.accept()[0] as connection:
                    connection.recv(65536)
                    self.received += 1
                    connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
                    connection.recv(65536)
                    self.received += 1


def test_a_request_is_sent_once() -> None:
    """Aiohttp sends a GET again when a kept connection breaks; here that is an outcome, and the server has no third."""
    server = OneResponse()
    server.start()

    async def two() -> list[Record]:
        async with open_session(30.0) as session:
            return [await send_request(session, server.url, f"task{number}", perf_counter(), 0.0) for number in (1, 2)]

    first, second = asyncio.run(two())
    server.join(20)
    assert (first.outcome, second.outcome) == ("ok", "reset")
    assert server.received == 2
    assert "connect" in first.ledger
    assert "connect" not in second.ledger


def test_the_records_come_in_the_schedules_order(faulty: FaultyServer) -> None:
    """Whichever response comes first, the records are in the order in which the requests were due."""
    records = asyncio.run(Sender(Target("gateway", f"{faulty.url}/good"), 30).send(open_loop(50, 0.2)))
    assert [record.task for record in records] == [f"task{number}" for number in range(1, 11)]
    assert [record.due for record in records] == pytest.approx([number / 50 for number in range(10)])
    assert all(record.sent >= record.due for record in records)


def test_a_slow_server_does_not_slow_the_schedule(faulty: FaultyServer) -> None:
    """All requests of an open loop are sent although no response came; latency counts from when each was due."""
    before = len(faulty.requests)

    async def send() -> list[Record]:
        sending = asyncio.create_task(Sender(Target("gateway", f"{faulty.url}/hangs"), 60).send(open_loop(40, 0.5)))
        while len(faulty.requests) < before + 20:  # noqa: ASYNC110 - a thread counts them
            await asyncio.sleep(0.01)
        sending.cancel()
        return await sending

    records = asyncio.run(send())
    assert [record.outcome for record in records] == ["cancelled"] * 20
    assert all(record.seconds == pytest.approx(record.finished - record.due) for record in records)


def test_nothing_to_send_is_no_error() -> None:
    """An empty schedule has no records."""
    assert asyncio.run(Sender(Target("gateway", "http://127.0.0.1:1/"), 1).send([])) == []


def test_being_stopped_loses_no_record(faulty: FaultyServer) -> None:
    """A cancelled run returns: what had its response is ok, what was under way is cancelled, the metrics agree."""
    registry = CollectorRegistry()
    told: list[Record] = []
    halves = iter(["good", "hangs"])

    class Alternating(Sender):
        async def _send(self, *args: object, **kwargs: object) -> Record:
            self.target = Target("gateway", f"{faulty.url}/{next(halves)}")
            return await super()._send(*args, **kwargs)  # type: ignore[arg-type]

    async def stopped() -> list[Record]:
        answered = asyncio.Event()

        def on_record(record: Record) -> None:
            told.append(record)
            answered.set()

        sender = Alternating(Target("gateway", faulty.url), 30, SenderMetrics(registry), on_record)
        run = asyncio.create_task(sender.send([0.0, 0.0, 3600.0]))
        await answered.wait()
        run.cancel()
        return await run

    records = asyncio.run(stopped())
    assert [record.outcome for record in records] == ["ok", "cancelled"]
    assert told == records
    for outcome in ("ok", "cancelled"):
        labels = {"gateway": "gateway", "outcome": outcome}
        assert registry.get_sample_value("sender_requests_completed_total", labels) == 1
    assert registry.get_sample_value("sender_requests_in_flight", {"gateway": "gateway"}) == 0
    assert registry.get_sample_value("sender_request_duration_seconds_count", {"gateway": "gateway"}) == 2
