"""Throughput: every contender in turn, round after round, so that what disturbs the machine disturbs all alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from bench import wrk
from bench.contenders import Rig, check_answer
from bench.program import Program
from services.lab.errors import LabError

PASSES_THROUGH = ("ceiling", "nginx", "backend", "backend-quiet")
"""The rows whose answer is the backend's own, not wrapped in `res`."""
WARM_UP = 1
"""Seconds of load before a round: connections opened, caches filled."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Round:
    """What one contender did in one round. Times are seconds; `cpu` is the program's own, for each request."""

    rate: float
    median: float
    p99: float
    requests: int
    errors: int
    cpu: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how often: rounds, seconds for each contender in each of them, connections."""

    rounds: int
    seconds: int
    connections: int


def steps(plan: Plan, keys: Sequence[str]) -> int:
    """Return how many times `measure` will say something."""
    return plan.rounds * len(keys)


def measure(rig: Rig, plan: Plan, keys: Sequence[str], say: Say) -> dict[str, list[Round]]:
    """Return every contender's rounds; a row that needs what is not installed is absent.

    A contender is a new process in each round: where its memory happens to lie makes one process up to a tenth faster
    than the next, for as long as it lives. Raises LabError for one that does not start, or does not give the common
    answer.
    """
    rounds: dict[str, list[Round]] = {}
    with rig.upstream() as upstream:
        upstream.ready()
        for number in range(plan.rounds):
            for key in keys:
                say(f"round {number + 1} of {plan.rounds}: {key}")
                program = rig.contender(key, upstream)
                if program is not None:
                    with nullcontext(upstream) if program is upstream else program:
                        rounds.setdefault(key, []).append(_round(key, program, plan))
    return rounds


def _round(key: str, program: Program, plan: Plan) -> Round:
    program.ready()
    check_answer(program, passes_through=key in PASSES_THROUGH)
    wrk.run(f"{program.url}/task1", WARM_UP, plan.connections)
    before = program.cpu_seconds()
    load = wrk.run(f"{program.url}/task1", plan.seconds, plan.connections)
    if not load.requests:
        raise LabError(f"{program.name} answered nothing in {plan.seconds} s")
    cpu = (program.cpu_seconds() - before) / load.requests
    return Round(load.rate, load.median, load.p99, load.requests, load.errors, cpu)
