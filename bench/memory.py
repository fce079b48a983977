"""Memory and the admin port under bursts (points 5 and 6): before, with 4,000 in flight, after, and after ten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from time import perf_counter
from typing import Any

from bench import admin
from bench.client import Client, run
from bench.contenders import Rig
from bench.program import Program

SIZE = 4000
DELAY = 4.0
"""Seconds: long enough that all of a burst are in flight at once, with time left to look."""
BURSTS = 10
EVERY = 0.2
"""Seconds from one scrape to the next."""
IDLE = 31.0
"""Seconds after which aiohttp has closed an idle connection: it looks every 15, for those idle for 15; and one more."""
RESIDENT = "process_resident_memory_bytes"

Say = Callable[[str], None]


def steps() -> int:
    """Return how many times `measure` will say something."""
    return BURSTS + 1


def measure(rig: Rig, say: Say) -> dict[str, Any]:
    """Return the gateway's resident bytes and the seconds that its /metrics took.

    `start` is after a first request, `peak` with all of a burst in flight, `after` each burst with the clients gone,
    `end` when the idle connections to the backend have been closed as well. `failed` requests were not answered with
    200; a burst that has any is never whole in flight, and gives no peak.
    """
    with ExitStack() as stack:
        backend = stack.enter_context(rig.backend("memory-backend", DELAY))
        gateway = stack.enter_context(rig.gateway("memory-gateway", backend.url))
        backend.ready()
        gateway.ready()
        found: dict[str, Any] = {"size": SIZE, "start": admin.value(gateway, RESIDENT), "peak": [], "after": []}
        found |= {"failed": 0, "scrapes_waiting": [], "scrapes_working": []}
        for number in range(BURSTS):
            say(f"memory: burst {number + 1} of {BURSTS}")
            run(_burst(gateway, found))
            admin.in_flight(gateway, 0)
            found["after"].append(admin.value(gateway, RESIDENT))
        say("memory: when idle connections are closed")
        run(asyncio.sleep(IDLE))
        found["end"] = admin.value(gateway, RESIDENT)
        return found


async def _burst(gateway: Program, found: dict[str, Any]) -> None:
    """Send one burst; scrape all the while, and take the memory when all of it is in flight."""
    client = Client(gateway.port)
    burst = asyncio.create_task(client.burst(SIZE))
    peaks = []
    while not burst.done():
        started = perf_counter()
        seconds, values = await asyncio.to_thread(admin.scrape, gateway)
        whole = values.get("http_requests_in_flight") == SIZE
        found["scrapes_waiting" if whole else "scrapes_working"].append(seconds)
        if whole:
            peaks.append(values[RESIDENT])
        await asyncio.sleep(max(0.0, started + EVERY - perf_counter()))
    found["failed"] += (await burst).failed
    found["peak"] += [max(peaks)] if peaks else []
    client.close()
    await asyncio.sleep(0)  # the transports close in the loop's next turn
