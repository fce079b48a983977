"""`inflight hello`: the article's hello world."""

from __future__ import annotations

import aiohttp
from rich.console import Console

from services.lab.errors import LabError
from services.lab.stage import backend_service, free_ports, running
from services.sender.outcome import AnswerTooLargeError
from services.sender.request import read_bounded
from services.userinfo import hide_userinfo

TIMEOUT = 30.0


async def hello(console: Console, url: str | None) -> None:
    """GET `url` and print the status and the body; without a URL, greet a backend started for that.

    Raises LabError when nothing answers.
    """
    if url is not None:
        await _greet(console, url)
        return
    backend = backend_service(free_ports(1)[0], delay=0, say=lambda _speaker, _line: None)
    async with running([backend]):
        await _greet(console, f"{backend.url}/hello")


async def _greet(console: Console, url: str) -> None:
    shown = hide_userinfo(url)
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session,
            session.get(url) as answer,
        ):
            body = await read_bounded(answer)
            text = _decoded(body, answer)
    except TimeoutError as error:
        raise LabError(f"{shown} did not answer within {TIMEOUT:g} s") from error
    except AnswerTooLargeError as error:
        raise LabError(f"{shown}: {error}") from error
    except (aiohttp.ClientError, OSError, UnicodeError) as error:  # UnicodeError: a host name that no DNS could hold
        reason = hide_userinfo(" ".join(str(error).split()))
        raise LabError(f"{shown} does not answer: {reason}; is the service running, and is the port right?") from error
    console.file.write(f"{answer.status}\n{text}\n")  # as it is: a console would put tabs and colours right
    console.file.flush()


def _decoded(body: bytearray, answer: aiohttp.ClientResponse) -> str:
    try:
        return body.decode(answer.charset or "utf-8", errors="replace")
    except (LookupError, ValueError):  # no such charset, or one that is no encoding of text
        return body.decode(errors="replace")
