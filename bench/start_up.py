"""Start-up: from starting a process until it is ready, and the command's `--help`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from bench.contender import OURS, PLAIN
from bench.program import Program, ask
from bench.rig import Rig
from inflight.terminal.errors import CommandError
from services.lab.process import LOOPBACK

POLL = 0.005
WITHIN = 30.0
EMPTY = "bench.services.empty:app"

Say = Callable[[str], None]


def steps(times: int) -> int:
    """Return how many times `measure` will say something."""
    return times


def measure(rig: Rig, times: int, say: Say) -> dict[str, Any]:
    """Return the seconds of each start, all in turn."""
    found: dict[str, Any] = {"gateway": [], "help": [], "uvicorn": [], "inflight": []}
    for number in range(times):
        say(f"start {number + 1} of {times}")
        gateway = rig.gateway(f"start-{number}", f"http://{LOOPBACK}:1")  # ready does not ask for the backend
        found["gateway"].append(_until_ready(gateway, f"{gateway.admin_url}/readyz"))
        found["help"].append(_help())
        for name, key in (("uvicorn", PLAIN), ("inflight", OURS)):
            program = rig.contender(key, app=EMPTY)
            found[name].append(_until_ready(program, program.url))
    return found


def _until_ready(program: Program, url: str) -> float:
    started = perf_counter()
    with program:
        while not _ready(url):
            if perf_counter() - started > WITHIN:
                raise CommandError(f"{program.name} was not ready within {WITHIN:g} s")
            sleep(POLL)
        return perf_counter() - started


def _ready(url: str) -> bool:
    try:
        return ask(url)[0] == 200
    except (OSError, HTTPException):
        return False


def _help() -> float:
    command = Path(sys.executable).with_name("inflight")
    started = perf_counter()
    subprocess.run([command, "--help"], capture_output=True, check=True)  # noqa: S603 - our own command
    return perf_counter() - started
