"""Bursts (point 3): so many requests at once through the gateway, beside the same burst at the backend alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from time import perf_counter
from typing import Any

from bench.client import Burst, burst, run
from bench.contenders import Rig
from bench.program import Program
from inflight.send.outcome import OK
from inflight.send.schedule import at_once
from inflight.send.sender import Sender, Target

SIZES = (1000, 4000)
DELAY = 1.0
PAUSE = 0.3
"""Seconds between two bursts, for the connections of the last to be gone."""

Say = Callable[[str], None]


def steps(rounds: int) -> int:
    """Return how many times `measure` will say something."""
    return rounds * len(SIZES) * 2 + 2


def measure(rig: Rig, rounds: int, say: Say) -> dict[str, Any]:
    """Return, for the backend alone and for the gateway, each round's burst of each size; and the senders' ceilings."""
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
    found["ceiling"] = _ceilings(rig, max(SIZES), say)
    return found


def _burst(program: Program, size: int) -> Burst:
    done = burst(program.port, size)
    run(asyncio.sleep(PAUSE))
    return done


def _ceilings(rig: Rig, size: int, say: Say) -> dict[str, float]:
    """Return how long the lean client and our own sender need for a burst that is answered at once."""
    with rig.upstream() as upstream:
        upstream.ready()
        say("the burst client's own ceiling")
        lean = burst(upstream.port, size).seconds
        say("the sender's own ceiling")
        return {"size": size, "client": lean, "sender": run(_sent(upstream, size))}


async def _sent(upstream: Program, size: int) -> float:
    logging.getLogger("inflight.send").setLevel(logging.WARNING)
    started = perf_counter()
    records = await Sender(Target("upstream", f"{upstream.url}/{{task}}"), timeout=60.0).send(at_once(size))
    assert all(record.outcome == OK for record in records)
    return perf_counter() - started
