"""What one scrape a second costs (point 6): throughput with and without it, in turn, and a scrape's processor time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from http.client import HTTPException
from typing import Any

from bench import admin, wrk
from bench.contenders import Rig
from bench.program import Program
from inflight.terminal.errors import CommandError

EVERY = 1.0
SAMPLE = 50
"""Scrapes over which the processor time of one is taken."""

Say = Callable[[str], None]


def steps(rounds: int) -> int:
    """Return how many times `measure` will say something."""
    return 2 * rounds + 1


def measure(rig: Rig, rounds: int, seconds: int, connections: int, say: Say) -> dict[str, Any]:
    """Return the rates without and with a scrape a second, and the processor seconds of a scrape of an idle gateway."""
    with ExitStack() as stack:
        upstream = stack.enter_context(rig.upstream())
        gateway = stack.enter_context(rig.gateway("scraped-gateway", upstream.url))
        upstream.ready()
        gateway.ready()
        wrk.run(f"{gateway.url}/task1", 1, connections)
        found: dict[str, Any] = {"without": [], "with": []}
        for _ in range(rounds):
            for kind in ("without", "with"):
                say(f"throughput {kind} a scrape a second")
                with _Scraper(gateway) if kind == "with" else ExitStack():
                    found[kind].append(wrk.run(f"{gateway.url}/task1", seconds, connections).rate)
        say("processor time of a scrape")
        before = gateway.cpu_seconds()
        for _ in range(SAMPLE):
            admin.scrape(gateway)
        return found | {"cpu": (gateway.cpu_seconds() - before) / SAMPLE}


class _Scraper:
    """Scrapes from a thread of its own until the block is left, the first time at once."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._scrape, name="scraper")
        self._failure: Exception | None = None

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join()
        if self._failure is not None:
            raise CommandError(f"{self._program.name} did not answer a scrape: {self._failure}")

    def _scrape(self) -> None:
        while True:
            try:
                admin.scrape(self._program)
            except (CommandError, OSError, HTTPException) as error:
                self._failure = error
                return
            if self._over.wait(EVERY):
                return
