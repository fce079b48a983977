"""One request: sent with aiohttp, timed by the client, its response's `Server-Timing` read."""

from __future__ import annotations

import asyncio
import logging
from time import perf_counter

import aiohttp

from inflight.send.outcome import ResponseTooLargeError, outcome_of_error, outcome_of_status
from inflight.send.record import Record
from inflight.send.response import TimedResponse
from inflight.send.times import Times
from inflight.server_timing import parse_server_timing, parse_waited_for

MAX_BODY = 16 * 1024 * 1024
"""Bytes of a response that the sender reads before it gives up: a body may never end."""

log = logging.getLogger("inflight.send")


async def send_request(  # noqa: PLR0913 - where, which, when, how
    session: aiohttp.ClientSession, url: str, task: str, started: float, due: float, *, method: str = "GET"
) -> Record:
    """Send a request without a body and return what became of it; never raises, and a cancelled one has an outcome too.

    `started` is the run's start (a reading of `perf_counter`), `due` the seconds from there at which this was due.
    """
    log.info("--- %s -----", task)
    times = Times(due=started + due, begun=max(perf_counter(), started + due))
    error = ""
    try:
        log.info("--- %s Send!!", task)
        async with session.request(method, url, allow_redirects=False, trace_request_ctx=times) as response:
            assert isinstance(response, TimedResponse)
            times.response = response
            body = await read_bounded(response)
        times.ended = perf_counter()
        log.info("--- %s status = %d", task, response.status)
        if log.isEnabledFor(logging.INFO):
            log.info("--- %s%s", task, body.decode(errors="replace"))
        outcome = outcome_of_status(response.status)
    except (Exception, asyncio.CancelledError) as failure:  # noqa: BLE001 - every end of a request is an outcome
        times.ended = perf_counter()
        outcome, error = outcome_of_error(failure), in_words(failure)
        log.info("--- %s %s: %s", task, outcome, error)
    return _record(task, times, started, outcome, error)


def in_words(failure: BaseException) -> str:
    """Return the client library's message in one line; asyncio's own TimeoutError has none."""
    nothing_said = "no whole response in time" if isinstance(failure, TimeoutError) else type(failure).__name__
    return " ".join(str(failure).split()) or nothing_said


async def read_bounded(response: aiohttp.ClientResponse) -> bytearray:
    """Return the response's body. Raises ResponseTooLargeError beyond MAX_BODY."""
    body = bytearray()  # grows in place: bytes would be copied for each chunk, and that on the loop that measures
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY:
            raise ResponseTooLargeError(f"the response is larger than {MAX_BODY} bytes")
    return body


def _record(task: str, times: Times, started: float, outcome: str, error: str) -> Record:
    response = times.response
    timing = "" if response is None else ", ".join(response.headers.getall("Server-Timing", ()))
    first_byte = None if response is None else response.first_byte
    return Record(
        task=task,
        due=times.due - started,
        sent=(times.ended if times.written is None else times.written) - started,
        finished=times.ended - started,
        seconds=times.seconds,
        outcome=outcome,
        status=None if response is None else response.status,
        first_byte=None if first_byte is None else first_byte - started,
        ledger=times.ledger(parse_server_timing(timing)),
        behind=times.behind,
        connect_retries=times.connect_retries,
        resent=times.resent,
        error=error,
        waited_for=parse_waited_for(timing),
    )
