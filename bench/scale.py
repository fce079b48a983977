"""Whether the price grows: a request's processor time beside others in flight, idle connections, and many routes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any

from bench.client import warm
from bench.connections import Connections
from bench.contender import OURS, PLAIN
from bench.cost import turn
from bench.holding import holding
from bench.program import Program
from bench.rig import Rig

TURNS = 2
"""Of each of the two, one after the other, in each situation of a round."""
PATH = "/async/name"
ROUTES = 500
SITUATIONS = ("10 in flight", "1,000 in flight", "10,000 in flight", "10,000 idle connections", "500 routes")

Say = Callable[[str], None]


def steps(rounds: int) -> int:
    """Return how many times `measure` will say something."""
    return rounds * len(SITUATIONS)


def measure(rig: Rig, rounds: int, connections: int, say: Say) -> dict[str, Any]:
    """Return the processor seconds of a request without and with the telemetry, by situation."""
    found: dict[str, Any] = {each: {PLAIN: [], OURS: []} for each in SITUATIONS}
    for _ in range(rounds):
        for routes, situations in ((0, SITUATIONS[:-1]), (ROUTES, SITUATIONS[-1:])):
            with ExitStack() as stack:
                pair = {key: stack.enter_context(rig.contender(key, routes=routes)) for key in (PLAIN, OURS)}
                for program in pair.values():
                    program.ready(PATH)
                    warm(program.port, PATH, 1000)
                for situation in situations:
                    say(f"cost with {situation}")
                    _turns(pair, situation, connections, found[situation])
    return found


def _turns(pair: dict[str, Program], situation: str, connections: int, found: dict[str, list[float]]) -> None:
    with ExitStack() as stack:
        for program in pair.values():
            stack.enter_context(_situation(program, situation))
        for _ in range(TURNS):
            for key, program in pair.items():
                found[key].append(turn(program, PATH, connections)["cpu"])


def _situation(program: Program, situation: str) -> AbstractContextManager[object]:
    number, _, what = situation.partition(" ")
    count = int(number.replace(",", ""))
    if what == "in flight":
        return holding(program, count)
    return Connections(program.port, count) if what == "idle connections" else nullcontext()
