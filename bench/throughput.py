"""Throughput: all contenders in turn, a second at a time, so that what disturbs the machine disturbs all alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bench import wrk
from bench.contenders import Rig, check_answer
from bench.program import Program
from inflight.terminal.errors import CommandError

PASSES_THROUGH = ("ceiling", "nginx", "backend", "backend-quiet")
"""The rows whose answer is the backend's own, not wrapped in `res`."""
WARM_UP = TURN = 1
"""Seconds of load before a round (connections opened, caches filled), and in each turn of it."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one contender did in one turn. Times are seconds; `cpu` is the program's own, for each request."""

    rate: float
    median: float
    p99: float
    requests: int
    errors: int
    cpu: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How often: rounds, seconds of load for each contender in each of them (a turn each); connections."""

    rounds: int
    seconds: int
    connections: int


def steps(plan: Plan, keys: Sequence[str]) -> int:
    """Return how many times `measure` will say something."""
    return plan.rounds * len(keys) * (1 + plan.seconds)


def measure(rig: Rig, plan: Plan, keys: Sequence[str], say: Say) -> dict[str, list[Turn]]:
    """Return every contender's turns, of all rounds; a row that needs what is not installed is absent.

    A contender is a new process in each round: where its memory happens to lie makes one process up to a tenth faster
    than the next, for as long as it lives. Within a round all of them live, and take turns of a second. Raises
    CommandError for one that does not start, or does not give the common answer.
    """
    turns: dict[str, list[Turn]] = {}
    for number in range(plan.rounds):
        tell = _prefixed(say, f"round {number + 1} of {plan.rounds}: ")
        with _contenders(rig, plan, keys, tell) as programs:
            for _ in range(plan.seconds):
                for key in keys:
                    tell(key)
                    if key in programs:
                        turns.setdefault(key, []).append(_turn(programs[key], plan))
    return turns


@contextmanager
def _contenders(rig: Rig, plan: Plan, keys: Sequence[str], say: Say) -> Iterator[dict[str, Program]]:
    """Run them all, warm, until the block is left."""
    with ExitStack() as stack:
        upstream = stack.enter_context(rig.upstream())
        upstream.ready()
        programs: dict[str, Program] = {}
        for key in keys:
            say(f"{key} starts")
            program = rig.contender(key, upstream)
            if program is None:
                continue
            programs[key] = program if program is upstream else stack.enter_context(program)
            program.ready()
            check_answer(program, passes_through=key in PASSES_THROUGH)
            wrk.run(f"{program.url}/task1", WARM_UP, plan.connections)
        yield programs


def _prefixed(say: Say, prefix: str) -> Say:
    return lambda text: say(prefix + text)


def _turn(program: Program, plan: Plan) -> Turn:
    before = program.cpu_seconds()
    load = wrk.run(f"{program.url}/task1", TURN, plan.connections)
    if not load.requests:
        raise CommandError(f"{program.name} answered nothing in {TURN} s")
    cpu = (program.cpu_seconds() - before) / load.requests
    return Turn(load.rate, load.median, load.p99, load.requests, load.errors, cpu)
