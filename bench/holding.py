"""Requests that stay in flight at the service until the block is left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from bench.connections import Connections
from bench.program import Program, ask
from inflight.terminal.errors import CommandError

WITHIN = 60.0
POLL = 0.05


@contextmanager
def holding(program: Program, count: int) -> Iterator[None]:
    """Keep exactly so many requests in flight. Raises CommandError when it does not come to that."""
    with Connections(program.port, count, "/hold/name", count):
        try:
            _wait(program, count)
            yield
        finally:
            ask(f"{program.url}/release")
        _wait(program, 0)


def _wait(program: Program, count: int) -> None:
    deadline = monotonic() + WITHIN
    while (now := json.loads(ask(f"{program.url}/holding")[1])["holding"]) != count:
        if monotonic() > deadline:
            raise CommandError(f"{program.name} holds {now} requests, not {count}")
        sleep(POLL)
