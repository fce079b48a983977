"""Sends increments at once through the gateways, and reads from the backend how many arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from secrets import token_hex
from time import monotonic
from urllib.parse import urlencode

import aiohttp

from inflight.send.sender import Target
from services.lab.bursts import failures, makespan, send_burst, silent
from services.lab.writes.trial import Retry, Trial

RESPONSE_WITHIN = 120.0
"""Seconds beyond the delays for a whole response: where writers collide they wait for their turn."""
FIRST_TRY = 0.5
"""Of a delay: so long the client waits for a response before it tries again."""
SETTLED_WITHIN = 30.0
POLL = 0.05


@dataclass(frozen=True)
class Lab:
    """The backend's URL, and those of each gateway's processes by mode. Counters have names that nobody else uses."""

    backend: str
    gateways: dict[str, list[str]]
    delay: float
    names: Iterator[str]

    @classmethod
    def at(cls, backend: str, gateways: dict[str, list[str]], delay: float) -> Lab:
        """Return a lab whose counters are all new."""
        run = token_hex(4)
        return cls(backend.rstrip("/"), gateways, delay, (f"{run}-{number}" for number in count(1)))


async def attempt(  # noqa: PLR0913, PLR0917 - what a trial is
    lab: Lab, mode: str, processes: int, way: str, sent: int, on_request: Callable[[], None]
) -> Trial:
    """Send `sent` increments at once, spread over the processes. Raises CommandError where the backend says nothing."""
    urls = lab.gateways[mode][:processes]
    own, _, _ = await _increments(lab, urls, way, sent, 0, on_request)
    seconds, arrived, failed = await _increments(lab, urls, way, sent, lab.delay, on_request)
    return Trial(mode, processes, way, sent, arrived, seconds, own, failed)


async def retried(lab: Lab, mode: str) -> Retry:
    """POST, give up before the response is there, and POST again: without a key, and with one.

    Raises CommandError where the gateway does not respond to the second one.
    """
    try:
        counts = [await _retried(lab, mode, key) for key in (None, token_hex(8))]
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise silent(lab.gateways[mode][0], "a gateway", error) from error
    return Retry(mode, *counts)


async def read(lab: Lab, name: str) -> int:
    """Return a counter's value. Raises CommandError where the backend does not say it."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=RESPONSE_WITHIN)) as session,
            session.get(f"{lab.backend}/counters/{name}") as response,
        ):
            return int((await response.json())["value"])
    except (aiohttp.ClientError, TimeoutError, OSError, KeyError, ValueError) as error:
        raise silent(lab.backend, "the backend", error) from error


async def _increments(  # noqa: PLR0913, PLR0917 - what is sent, and where
    lab: Lab, urls: list[str], way: str, sent: int, delay: float, on_request: Callable[[], None]
) -> tuple[float, int, str]:
    """Return how long they took, how many arrived, and which requests failed."""
    name = next(lab.names)
    within = sent * lab.delay + RESPONSE_WITHIN
    targets = [Target(url, _url(url, name, way, delay), "POST") for url in urls]
    records = await send_burst(targets, sent, within, lambda _record: on_request())
    return makespan(records), await read(lab, name), failures(records)


async def _retried(lab: Lab, mode: str, key: str | None) -> int:
    name, headers = next(lab.names), {} if key is None else {"Idempotency-Key": key}
    url = _url(lab.gateways[mode][0], name, "atomic", lab.delay)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=RESPONSE_WITHIN)) as session:
        # sock_read: the time begins when the request is sent, so that the request is always there
        impatient = aiohttp.ClientTimeout(sock_read=FIRST_TRY * lab.delay)
        with suppress(TimeoutError):
            async with session.post(url, headers=headers, timeout=impatient):
                pass
        async with session.post(url, headers=headers) as response:
            await response.read()
    deadline = monotonic() + min(SETTLED_WITHIN, 2 * lab.delay + 1)
    while (value := await read(lab, name)) < 2 and monotonic() < deadline:  # noqa: ASYNC110 - the first try may be under way
        await asyncio.sleep(POLL)
    return value


def _url(gateway: str, name: str, way: str, delay: float) -> str:
    return f"{gateway.rstrip('/')}/counters/{name}?{urlencode({'write': way, 'delay': f'{delay:g}'})}"
