"""The guard against a costly change: what a request costs with the telemetry, beside the same service without it.

Processor time of the serving process is compared, not the time on the clock, and in turns, so that a busy machine slows
all alike; ratios only. bench/README.md has the figures that the limits were chosen by.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.client import OK, warm
from bench.contender import OURS, PLAIN
from bench.program import Program
from bench.rig import Rig

pytestmark = [
    pytest.mark.alone,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="another process's clock can be read on Linux only"),
]

REQUESTS, ROUNDS, WARM_UP = 200, 10, 100
AT_MOST = {"async": 1.7, "def": 1.7, "aiohttp": 1.7}
"""Times the plain service's request. Seen beside other work: 0.85 to 1.6. To be narrowed on a quiet machine."""


def test_a_request_costs_no_more_than_it_should(tmp_path: Path) -> None:
    """For each kind of handler, the cheapest of many short rounds: all that disturbs adds to a cost."""
    rig = Rig(tmp_path, descriptors=1024)
    with ExitStack() as stack:
        upstream = stack.enter_context(rig.upstream())
        upstream.ready("/")
        programs = {key: stack.enter_context(rig.contender(key, upstream.url)) for key in (PLAIN, OURS)}
        for program in programs.values():
            program.ready("/async/name")
        for route, most in AT_MOST.items():
            costs = _costs(programs, f"/{route}/name")
            assert costs[OURS] / costs[PLAIN] <= most, (route, costs)


def _costs(programs: dict[str, Program], path: str) -> dict[str, float]:
    """Return each program's processor seconds for a round's requests: its cheapest round."""
    for program in programs.values():
        _cost(program, path, WARM_UP)
    rounds = [{key: _cost(program, path, REQUESTS) for key, program in programs.items()} for _ in range(ROUNDS)]
    return {key: min(each[key] for each in rounds) for key in programs}


def _cost(program: Program, path: str, requests: int) -> float:
    before = program.cpu_seconds()
    assert warm(program.port, path, requests) == {OK: requests}
    return program.cpu_seconds() - before
