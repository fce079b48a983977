"""The backend's answer: read whole within bounds, checked, and wrapped as the gateway's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from fastapi import Response
from pydantic_core import from_json

from services.gateway.errors import UpstreamRubbish
from services.problems import problem
from services.statuses import BODYLESS, FINAL, FIRST_ERROR

if TYPE_CHECKING:
    import aiohttp
    import requests

    from services.telemetry import Call
    from services.telemetry.arrivals import TimedAnswer

MAX_ANSWER = 1024 * 1024
"""Bytes of the backend's answer that a gateway takes; a larger one is a 502."""


def read_blocking(answer: requests.Response) -> bytes:
    """Return the body of a `requests` answer opened with `stream=True`; the session's timeout bounds the time.

    Raises UpstreamRubbish when it is too large.
    """
    body = b""
    while chunk := answer.raw.read1(MAX_ANSWER, decode_content=True):
        body += chunk
        if len(body) > MAX_ANSWER:
            answer.close()
            raise UpstreamRubbish
    answer.close()
    return body


async def read_awaiting(answer: aiohttp.ClientResponse, call: Call) -> bytes:
    """Return the body of an aiohttp answer; the caller's timeout bounds the time. Raises UpstreamRubbish.

    The call learns how long the answer had waited for the event loop.
    """
    timed = cast("TimedAnswer", answer)
    call.late = timed.late
    body = b""
    while chunk := await answer.content.readany():
        body += chunk
        if len(body) > MAX_ANSWER:
            answer.close()
            raise UpstreamRubbish
    timed.body_was_read()
    call.late = timed.late
    return body


def relayed(status: int, body: bytes) -> Response:
    """Return the gateway's answer to the client: the backend's JSON, unparsed, under `res`.

    An error status is passed on as a problem. Raises UpstreamRubbish when the body is not JSON, or when the status is
    none that an answer may end with (RFC 9110, section 15).
    """
    if status not in FINAL:
        raise UpstreamRubbish
    if status >= FIRST_ERROR:
        return problem(status, f"the backend answered {status}")
    if status in BODYLESS:
        return Response(status_code=status)
    try:
        from_json(body, allow_inf_nan=False, cache_strings="none")
    except ValueError as error:
        raise UpstreamRubbish from error
    return Response(b'{"res":%b}' % body, status, media_type="application/json")
