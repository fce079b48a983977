"""One request: sent with aiohttp, timed by the client, its answer's ledger read."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import aiohttp

from services.sender.ledger import close_ledger
from services.sender.outcome import AnswerTooLargeError, outcome_of_error, outcome_of_status
from services.sender.record import Record
from services.telemetry.arrivals import TimedAnswer, TimedConnector
from services.telemetry.server_timing import parse_server_timing

MAX_ANSWER = 16 * 1024 * 1024
"""Bytes of an answer that the sender reads before it gives up: a body may never end."""

IDLE = 4
"""Seconds that an idle connection is kept: less than uvicorn's default of 5, so that none is used while it closes."""

log = logging.getLogger("services.sender")


@dataclass(slots=True)
class Times:
    """Readings of `perf_counter` in the life of one request, as the client sees it; None for what did not happen.

    `connection_late` and `late` are the seconds for which the connection, and it and the answer together, were there
    before the request's task went on with them: on a busy sender they wait.
    """

    connect_started: float | None = None
    connected: float | None = None
    written: float | None = None
    first_byte: float | None = None
    connection_late: float = 0.0
    late: float = 0.0

    @property
    def connect(self) -> float | None:
        """Seconds that connecting took; None on a connection that was there already."""
        if self.connect_started is None or self.connected is None:
            return None
        # The kernel's clock has steps of about 4 ms.
        return max(0.0, self.connected - self.connect_started - self.connection_late)


def open_session(timeout: float) -> aiohttp.ClientSession:
    """Return a session without a limit of its own, which notes each request's times. `timeout` is seconds in all."""
    session = aiohttp.ClientSession(
        connector=TimedConnector(limit=0, keepalive_timeout=IDLE),
        response_class=TimedAnswer,
        timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=timeout),
        trace_configs=[_trace()],
        cookie_jar=aiohttp.DummyCookieJar(),
    )
    # aiohttp sends a GET again, unasked, when its connection breaks. Here that would be two requests with one record.
    session._retry_connection = False  # noqa: SLF001 - there is no public name for it
    return session


async def send_request(session: aiohttp.ClientSession, url: str, task: str, started: float, due: float) -> Record:
    """Send one GET and return what became of it; never raises, and a cancelled request has an outcome too.

    `started` is the run's start (a reading of `perf_counter`), `due` the seconds from there at which this was due.
    """
    log.info("--- %s -----", task)
    times = Times()
    behind = max(0.0, perf_counter() - started - due)
    status, timing, said = None, "", ""
    try:
        log.info("--- %s Send!!", task)
        async with session.get(url, allow_redirects=False, trace_request_ctx=times) as answer:
            assert isinstance(answer, TimedAnswer)
            times.connection_late, times.late = answer.connection_late, answer.late
            status, timing = answer.status, ", ".join(answer.headers.getall("Server-Timing", ()))
            body = await read_bounded(answer)
            answer.body_was_read()
            times.late = answer.late
        log.info("--- %s status = %d", task, status)
        log.info("--- %s%s", task, body.decode(errors="replace"))
        outcome = outcome_of_status(status)
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - every end of a request is an outcome
        outcome, said = outcome_of_error(error), " ".join(str(error).split()) or type(error).__name__
        log.info("--- %s %s: %s", task, outcome, said)
    finished = perf_counter() - started
    behind = min(behind + times.late, finished - due)  # the kernel's clock has steps of about 4 ms
    return Record(
        task=task,
        due=due,
        sent=finished if times.written is None else times.written - started,
        finished=finished,
        seconds=finished - due,
        outcome=outcome,
        status=status,
        answered=None if times.first_byte is None else times.first_byte - started,
        ledger=close_ledger(finished - due, behind, times.connect, parse_server_timing(timing)),
        behind=behind,
        error=said,
    )


async def read_bounded(answer: aiohttp.ClientResponse) -> bytearray:
    """Return the answer's body. Raises AnswerTooLargeError beyond MAX_ANSWER."""
    body = bytearray()  # grows in place: bytes would be copied for each chunk, and that on the loop that measures
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER:
            raise AnswerTooLargeError(f"the answer is larger than {MAX_ANSWER} bytes")
    return body


def _trace() -> aiohttp.TraceConfig:
    trace = aiohttp.TraceConfig()
    trace.on_connection_create_start.append(_stamp("connect_started"))
    trace.on_connection_create_end.append(_stamp("connected"))
    trace.on_request_headers_sent.append(_stamp("written"))
    trace.on_request_end.append(_stamp("first_byte"))
    return trace


def _stamp(name: str) -> Any:
    async def stamp(_session: Any, context: SimpleNamespace, _params: Any) -> None:
        setattr(context.trace_request_ctx, name, perf_counter())

    return stamp
