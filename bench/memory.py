"""Memory: what the telemetry keeps for a request in flight, what is left of it, and the supervisor's own."""

from __future__ import annotations

from collections.abc import Callable
from time import sleep
from typing import Any

from bench.client import warm
from bench.contender import OURS, PLAIN
from bench.holding import holding
from bench.program import ask, resident
from bench.rig import Rig

IN_FLIGHT = 10_000
CYCLES = 2
SETTLING = 0.5
"""Seconds for the connections of a cycle to be gone."""

Say = Callable[[str], None]


def steps(rounds: int) -> int:
    """Return how many times `measure` will say something."""
    return rounds * 2


def measure(rig: Rig, rounds: int, say: Say) -> dict[str, Any]:
    """Return the resident bytes of the serving process without and with the telemetry, and of the supervisor.

    `start` is before the first cycle, `peak` with all in flight, `after` when all are gone: a list for each round.
    """
    found: dict[str, Any] = {"in_flight": IN_FLIGHT, "supervisor": [], PLAIN: [], OURS: []}
    for _ in range(rounds):
        for key in (PLAIN, OURS):
            say(f"memory of {key}")
            with rig.contender(key) as program:
                program.ready("/async/name")
                warm(program.port, "/async/name", 1000)
                serving = program.serving
                sizes: dict[str, Any] = {"start": resident(serving), "peak": [], "after": []}
                for _ in range(CYCLES):
                    with holding(program, IN_FLIGHT):
                        sizes["peak"].append(resident(serving))
                    sleep(SETTLING)
                    sizes["after"].append(resident(serving))
                found[key].append(sizes)
                if key == OURS:
                    ask(f"{program.admin_url}/metrics")
                    found["supervisor"].append(resident(program.pid))
    return found
