"""Start-up (point 7): from starting the gateway's process until it is ready, and the command's `--help`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from bench.contenders import Rig
from bench.program import ask
from inflight.terminal.errors import CommandError
from services.lab.process import LOOPBACK

POLL = 0.005
WITHIN = 30.0

Say = Callable[[str], None]


def steps(times: int) -> int:
    """Return how many times `measure` will say something."""
    return times


def measure(rig: Rig, times: int, say: Say) -> dict[str, Any]:
    """Return the seconds of each start, the two in turn."""
    found: dict[str, Any] = {"gateway": [], "help": []}
    for number in range(times):
        say(f"start {number + 1} of {times}")
        found["gateway"].append(_gateway(rig, number))
        found["help"].append(_help())
    return found


def _gateway(rig: Rig, number: int) -> float:
    program = rig.gateway(f"start-{number}", f"http://{LOOPBACK}:1")  # ready does not ask for the backend
    url = f"http://{LOOPBACK}:{program.settings['ADMIN_PORT']}/readyz"
    started = perf_counter()
    with program:
        while not _ready(url):
            if perf_counter() - started > WITHIN:
                raise CommandError(f"the gateway was not ready within {WITHIN:g} s")
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
