"""Throughput: every contender in turn, round after round, so that what disturbs the machine disturbs all alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from bench import wrk
from bench.contenders import Rig, check_answer
from bench.program import Program
from services.lab.errors import LabError

PASSES_THROUGH = ("ceiling", "nginx", "backend", "backend-quiet")
"""The rows whose answer is the backend's own, not wrapped in `res`."""
WARM_UP = 1
"""Seconds of load before the first round: connections opened, caches filled."""

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
    return (plan.rounds + 1) * len(keys)


def measure(rig: Rig, plan: Plan, keys: Sequence[str], say: Say) -> dict[str, list[Round]]:
    """Return every contender's rounds; a row that needs what is not installed is absent.

    Raises LabError for a contender that does not start, or does not give the common answer.
    """
    with ExitStack() as stack:
        upstream = stack.enter_context(rig.upstream())
        upstream.ready()
        standing: dict[str, Program] = {}
        for key in keys:
            say(f"warming {key} up")
            program = rig.contender(key, upstream)
            if program is None:
                continue
            if program is not upstream:
                stack.enter_context(program)
                program.ready()
            check_answer(program, passes_through=key in PASSES_THROUGH)
            wrk.run(f"{program.url}/task1", WARM_UP, plan.connections)
            standing[key] = program
        rounds: dict[str, list[Round]] = {key: [] for key in standing}
        for number in range(plan.rounds):
            for key in keys:
                say(f"round {number + 1} of {plan.rounds}: {key}")
                if key in standing:
                    rounds[key].append(_round(standing[key], plan))
        return rounds


def _round(program: Program, plan: Plan) -> Round:
    before = program.cpu_seconds()
    load = wrk.run(f"{program.url}/task1", plan.seconds, plan.connections)
    if not load.requests:
        raise LabError(f"{program.name} answered nothing in {plan.seconds} s")
    cpu = (program.cpu_seconds() - before) / load.requests
    return Round(load.rate, load.median, load.p99, load.requests, load.errors, cpu)
