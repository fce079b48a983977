"""`inflight hello`: the article's hello world."""

from __future__ import annotations

import aiohttp
from rich.console import Console

from services.lab.errors import LabError
from services.lab.stage import backend_service, free_ports, running

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
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session,
            session.get(url) as answer,
        ):
            text = await answer.text(errors="replace")
    except TimeoutError as error:
        raise LabError(f"{url} did not answer within {TIMEOUT:g} s") from error
    except (aiohttp.ClientError, OSError, UnicodeError) as error:  # UnicodeError: a host name that no DNS could hold
        raise LabError(f"{url} does not answer: {error}; is the service running, and is the port right?") from error
    console.print(answer.status, highlight=False)
    console.print(text, markup=False, highlight=False, soft_wrap=True)
