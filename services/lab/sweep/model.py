"""What the model says of a burst: a design works on so many requests at once, so a burst takes so many delays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from statistics import fmean

from services.lab.verdict import GRAIN, POOL_THREADS

WIDTHS = {"sync": 1, "threadpool": POOL_THREADS, "async": None}
"""Requests that one process of a design works on at once; None: as many as there are."""


@dataclass(frozen=True)
class Setup:
    """What the model needs to know: the backend's delay in seconds, the gateways' UPSTREAM_LIMIT, their number."""

    delay: float
    limit: int | None = None
    replicas: int = 1


def width(mode: str, setup: Setup) -> int | None:
    """Return how many requests all processes of a design work on at once."""
    bounds = [bound for bound in (WIDTHS[mode], setup.limit) if bound is not None]
    return min(bounds) * setup.replicas if bounds else None


def waves(mode: str, tasks: int, setup: Setup) -> int:
    """Return how many delays follow one another: sync N, threads N/40, async 1; fewer with more processes."""
    at_once = width(mode, setup)
    return 1 if at_once is None else ceil(tasks / at_once)


def predicted(mode: str, tasks: int, setup: Setup, own: float) -> float:
    """Return the seconds that a burst takes; `own` is what its requests take by themselves, without a delay."""
    return waves(mode, tasks, setup) * setup.delay + own


def earliest(mode: str, tasks: int, setup: Setup) -> float:
    """Return the seconds that no burst can be quicker than: its delays, and a timer's grain for each."""
    return waves(mode, tasks, setup) * max(0.0, setup.delay - GRAIN)


def tolerance(mode: str, tasks: int, setup: Setup, own: float, alone: Sequence[float]) -> float:
    """Return the seconds by which a burst may be later than predicted.

    `alone` is what tasks that were alone took beside their delay, to wake up: their mean for each wave, and the largest
    once. And `own` once more: the machine may be half as quick by then as when that was measured, a moment before.
    """
    return waves(mode, tasks, setup) * fmean(alone) + max(alone) + own


def processes(mode: str, rate: float, setup: Setup, cpu: float | None) -> int | None:
    """Return how many processes a design needs for `rate` requests a second, none of them waiting for another.

    Little's law: rate * delay requests are in flight, and each process holds as many as its width. Where that is
    unlimited, the processor is the limit: `cpu` is seconds of it for a request, None where it was not measured.
    """
    each = width(mode, replace(setup, replicas=1))
    held = None if each is None else ceil(rate * setup.delay / each)
    if WIDTHS[mode] is not None:
        return held
    return None if cpu is None else max(held or 1, ceil(rate * cpu))
