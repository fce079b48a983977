"""What the watch over the event loop costs: all threads of the serving process but the loop's own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, sleep

from bench import wrk
from bench.contender import OURS
from bench.program import Program
from bench.rig import Rig

WINDOW = 3
"""Seconds for which each is watched."""
SITUATIONS = {"idle": None, "busy": "/async/name", "blocked": "/block/name?seconds=0.2"}
"""What is asked for meanwhile."""

Say = Callable[[str], None]


def steps(rounds: int) -> int:
    """Return how many times `measure` will say something."""
    return rounds * len(SITUATIONS)


def measure(rig: Rig, rounds: int, connections: int, say: Say) -> dict[str, list[float]]:
    """Return the part of one processor, 0 to 1, that those threads took, in each situation."""
    found: dict[str, list[float]] = {name: [] for name in SITUATIONS}
    for _ in range(rounds):
        with rig.contender(OURS) as program:
            program.ready("/async/name")
            for name, path in SITUATIONS.items():
                say(f"the watchdog, {name}")
                found[name].append(_share(program, path, connections))
    return found


def _share(program: Program, path: str | None, connections: int) -> float:
    load = threading.Thread(target=wrk.run, args=(f"{program.url}{path}", WINDOW + 1, connections))
    if path is not None:
        load.start()
        sleep(0.5)
    before, started = _others(program.serving), perf_counter()
    sleep(WINDOW)
    share = (_others(program.serving) - before) / (perf_counter() - started)
    if path is not None:
        load.join()
    return share


def _others(pid: int) -> float:
    """Return the processor seconds of all threads but the main one (schedstat's first field: nanoseconds)."""
    threads = [each for each in Path(f"/proc/{pid}/task").iterdir() if each.name != str(pid)]
    return sum(int((each / "schedstat").read_text().split()[0]) for each in threads) / 1e9
