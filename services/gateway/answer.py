"""The backend's answer: read whole within bounds, checked, and wrapped as the gateway's own."""

from __future__ import annotations

import json
from time import monotonic
from typing import TYPE_CHECKING

from fastapi import Response

from services.gateway.errors import UpstreamRubbish, UpstreamTimeout
from services.problems import problem
from services.statuses import BODYLESS, FIRST_ERROR

if TYPE_CHECKING:
    import aiohttp
    import requests

MAX_ANSWER = 1024 * 1024
"""Bytes of the backend's answer that a gateway takes; a larger one is a 502."""


def read_blocking(answer: requests.Response, deadline: float) -> bytes:
    """Return the body of a `requests` answer opened with `stream=True`; `deadline` is a reading of `monotonic`.

    Raises UpstreamRubbish when it is too large, UpstreamTimeout when it dribbles past the deadline.
    """
    body = b""
    while chunk := answer.raw.read1(MAX_ANSWER, decode_content=True):
        body += chunk
        if len(body) > MAX_ANSWER:
            answer.close()
            raise UpstreamRubbish
        if monotonic() > deadline:
            answer.close()
            raise UpstreamTimeout
    answer.close()
    return body


async def read_awaiting(answer: aiohttp.ClientResponse) -> bytes:
    """Return the body of an aiohttp answer; the session's timeout bounds the time. Raises UpstreamRubbish."""
    body = b""
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER:
            answer.close()
            raise UpstreamRubbish
    return body


def relayed(status: int, body: bytes) -> Response:
    """Return the gateway's answer to the client: the backend's JSON, unparsed, under `res`.

    An error status is passed on as a problem. Raises UpstreamRubbish when the body is not JSON.
    """
    if status >= FIRST_ERROR:
        return problem(status, f"the backend answered {status}")
    if status in BODYLESS:
        return Response(status_code=status)
    try:
        json.loads(body)
    except ValueError as error:
        raise UpstreamRubbish from error
    return Response(b'{"res":%b}' % body, status, media_type="application/json")
