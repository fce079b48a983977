"""Bursts: so many requests at once through the gateway, beside the same burst at the backend alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

from bench.client import Burst, burst, run
from bench.program import Program
from bench.rig import Rig

SIZES = (1000, 4000)
DELAY = 1.0
PAUSE = 0.3
"""Seconds between two bursts, for the connections of the last to be gone."""

Say = Callable[[str], None]


def steps(rounds: int) -> int:
    """Return how many times `measure` will say something."""
    return rounds * len(SIZES) * 2 + 1


def measure(rig: Rig, rounds: int, say: Say) -> dict[str, Any]:
    """Return, for the backend alone and for the gateway, each round's burst of each size; and the client's ceiling."""
    with ExitStack() as stack:
        backend = stack.enter_context(rig.backend("slow-backend", DELAY))
        gateway = stack.enter_context(rig.gateway("burst-gateway", backend.url))
        backend.ready()
        gateway.ready()
        found: dict[str, Any] = {"delay": DELAY, "backend": {}, "gateway": {}}
        for _ in range(rounds):
            for size in SIZES:
                for name, program in (("backend", backend), ("gateway", gateway)):
                    say(f"{size} at once to the {name}")
                    found[name].setdefault(str(size), []).append(asdict(_burst(program, size)))
    say("the burst client's own ceiling")
    with rig.upstream() as upstream:
        upstream.ready("/")
        found["ceiling"] = burst(upstream.port, max(SIZES)).seconds
    return found


def _burst(program: Program, size: int) -> Burst:
    done = burst(program.port, size)
    run(asyncio.sleep(PAUSE))
    return done
