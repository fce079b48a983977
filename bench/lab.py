"""The lab's async-gateway beside the same gateway as the users of other libraries write it: requests a second."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from bench.client import warm
from bench.cost import turn
from bench.rig import Rig

CONNECTIONS = 64
PATHS = {"gateway": "/name", "instrumentator": "/aiohttp/name", "plain": "/httpx/name"}
"""Each contender's route that asks the upstream: with aiohttp beside an exporter's metrics, and with httpx."""
TURNS = 2

Say = Callable[[str], None]


def steps(rounds: int) -> int:
    """Return how many times `measure` will say something."""
    return rounds * len(PATHS) * TURNS


def measure(rig: Rig, rounds: int, say: Say) -> dict[str, Any]:
    """Return each one's turns."""
    found: dict[str, Any] = {key: [] for key in PATHS}
    for _ in range(rounds):
        with ExitStack() as stack:
            upstream = stack.enter_context(rig.upstream())
            upstream.ready("/")
            programs = {
                key: rig.gateway(key, upstream.url) if key == "gateway" else rig.contender(key, upstream.url)
                for key in PATHS
            }
            for key, program in programs.items():
                stack.enter_context(program)
                program.ready(PATHS[key])
                warm(program.port, PATHS[key], 200)
            for _ in range(TURNS):
                for key, program in programs.items():
                    say(f"the lab: {key}")
                    found[key].append(turn(program, PATHS[key], CONNECTIONS))
    return found
