"""What it takes to look while 10,000 requests are in flight: /metrics, its stall of the event loop, /requests."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from time import perf_counter, sleep
from typing import Any

from bench.contender import OURS
from bench.holding import holding
from bench.program import Program, ask
from bench.rig import Rig
from bench.time_wait import wait_until_forgotten
from inflight.terminal.errors import CommandError

IN_FLIGHT = 10_000
TIMES = 15
WINDOW = 0.4
"""Seconds in which the event loop's own lateness is taken; the scrape comes in the middle."""

Say = Callable[[str], None]


def steps() -> int:
    """Return how many times `measure` will say something."""
    return 5


def measure(rig: Rig, say: Say) -> dict[str, Any]:
    """Return the seconds that each page took, and the loop's greatest lateness with a scrape and without one."""
    say("connections of earlier parts are forgotten")
    left = wait_until_forgotten()
    with rig.contender(OURS) as program:
        program.ready("/async/name")
        say("10,000 requests come in")
        with holding(program, IN_FLIGHT):
            found: dict[str, Any] = {"in_flight": IN_FLIGHT, "time_wait": left}
            for page in ("metrics", "requests"):
                say(f"/{page} with 10,000 in flight")
                found[page] = [_seconds(f"{program.admin_url}/{page}") for _ in range(TIMES)]
            say("the stall of a scrape")
            found["stall"] = [_lateness(program, scraped=True) for _ in range(TIMES)]
            found["no_stall"] = [_lateness(program, scraped=False) for _ in range(TIMES)]
            return found


def _seconds(url: str) -> float:
    started = perf_counter()
    status, _ = ask(url)
    if status != 200:
        raise CommandError(f"{url} responded with {status}")
    return perf_counter() - started


def _lateness(program: Program, *, scraped: bool) -> float:
    scrape = threading.Thread(target=ask, args=(f"{program.admin_url}/metrics",))
    late: list[float] = []
    look = threading.Thread(
        target=lambda: late.append(json.loads(ask(f"{program.url}/lateness?seconds={WINDOW}")[1])["most"])
    )
    look.start()
    sleep(WINDOW / 3)
    if scraped:
        scrape.start()
        scrape.join()
    look.join()
    if not late:
        raise CommandError(f"{program.name} did not say how late its event loop was")
    return late[0]
