"""`lab hello`: the article's hello world."""

from __future__ import annotations

import aiohttp
from rich.console import Console

from inflight.send.outcome import ResponseTooLargeError
from inflight.send.request import read_bounded
from inflight.terminal.errors import CommandError
from inflight.terminal.urls import hide_userinfo
from services.lab.stage import backend_service, free_ports, running

TIMEOUT = 30.0


async def hello(console: Console, url: str | None) -> None:
    """GET `url` and print the status and the body; without a URL, greet a backend started for that.

    Raises CommandError when nothing responds.
    """
    if url is not None:
        await _greet(console, url)
        return
    backend = backend_service(free_ports(1)[0], delay=0, on_line=lambda _name, _line: None)
    async with running([backend]):
        await _greet(console, f"{backend.url}/hello")


async def _greet(console: Console, url: str) -> None:
    shown = hide_userinfo(url)
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session,
            session.get(url) as response,
        ):
            body = await read_bounded(response)
            text = _decoded(body, response)
    except TimeoutError as error:
        raise CommandError(f"{shown} did not respond within {TIMEOUT:g} s") from error
    except ResponseTooLargeError as error:
        raise CommandError(f"{shown}: {error}") from error
    except (aiohttp.ClientError, OSError, UnicodeError) as error:  # UnicodeError: a host name that no DNS could hold
        reason = hide_userinfo(" ".join(str(error).split()))
        raise CommandError(
            f"{shown} does not respond: {reason}; is the service running, and is the port right?"
        ) from error
    console.file.write(f"{response.status}\n{text}\n")  # as it is: a console would put tabs and colours right
    console.file.flush()


def _decoded(body: bytearray, response: aiohttp.ClientResponse) -> str:
    try:
        return body.decode(response.charset or "utf-8", errors="replace")
    except (LookupError, ValueError):  # no such charset, or one that is no encoding of text
        return body.decode(errors="replace")
