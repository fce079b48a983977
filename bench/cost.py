"""What a request costs each contender: processor time of its own process, all standing at once and loaded in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from bench import wrk
from bench.client import warm
from bench.contender import CONTENDERS, PLAIN, ROUTES
from bench.program import Program
from bench.rig import Rig, check_response
from inflight.terminal.errors import CommandError

TURN = 1
"""Seconds of load in each turn; wrk takes no less."""
WARM_UP = 100
"""Requests to each route before a round: connections are opened, and every series exists."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How often, and how many connections the load tool keeps."""

    rounds: int
    connections: int


def steps(plan: Plan, keys: Sequence[str]) -> int:
    """Return how many times `measure` will say something."""
    return plan.rounds * (len(keys) + len(ROUTES) * len(_order(keys)))


def measure(rig: Rig, plan: Plan, keys: Sequence[str], say: Say) -> dict[str, Any]:
    """Return each contender's turns by route, one of each round; a contender that is not installed is absent.

    The plain service has a turn before each one of the others, which holds its `cpu` as `plain`: the machine's speed
    changes from second to second, and neighbours see the same one. New processes in each round: where its memory
    happens to lie makes one process up to a tenth faster than the next, for as long as it lives.
    Raises CommandError for one that does not start, or responds otherwise than all others.
    """
    found: dict[str, Any] = {}
    for number in range(plan.rounds):
        with _contenders(rig, keys, say) as programs:
            for route in ROUTES:
                plain = None
                for key in _order(list(programs)):
                    say(f"round {number + 1} of {plan.rounds}: {route}, {key}")
                    taken = turn(programs[key], f"/{route}/name", plan.connections)
                    if key == PLAIN:
                        plain = taken["cpu"]
                    elif plain is not None:
                        taken["plain"] = plain
                    found.setdefault(key, {}).setdefault(route, []).append(taken)
    return found


def _order(keys: Sequence[str]) -> list[str]:
    """Return who is loaded when: the plain service, where it is there, before each of the others."""
    others = [key for key in keys if key != PLAIN]
    if PLAIN not in keys:
        return others
    return [each for key in others for each in (PLAIN, key)] or [PLAIN]


def turn(program: Program, path: str, connections: int) -> dict[str, float]:
    """Load one path of a program for a second. Times are seconds; `cpu` is the program's, for each request."""
    before = program.cpu_seconds()
    load = wrk.run(f"{program.url}{path}", TURN, connections)
    used = program.cpu_seconds() - before
    if not load.requests:
        raise CommandError(f"{program.name} responded to nothing in {TURN} s")
    return {
        "cpu": used / load.requests,
        "rate": load.rate,
        "p99": load.p99,
        "requests": load.requests,
        "errors": load.errors,
    }


@contextmanager
def _contenders(rig: Rig, keys: Sequence[str], say: Say) -> Iterator[dict[str, Program]]:
    """Run them all, warm, until the block is left."""
    with ExitStack() as stack:
        upstream = stack.enter_context(rig.upstream())
        upstream.ready("/")
        programs: dict[str, Program] = {}
        for each in CONTENDERS:
            if each.key in keys and each.installed is not None:
                programs[each.key] = stack.enter_context(rig.contender(each.key, upstream.url))
        for key, program in programs.items():
            say(f"{key} starts")
            program.ready("/async/name")
            check_all(program)
            for route in ROUTES:
                warm(program.port, f"/{route}/name", WARM_UP)
        yield programs


def check_all(program: Program) -> None:
    """Raise CommandError where a contender has changed what the service responds."""
    for route in ("async", "def"):
        check_response(program, f"/{route}/name", {"message": "name"})
    for route in ("aiohttp", "httpx"):
        check_response(program, f"/{route}/name", {"res": {"message": "success"}})
