"""The figures of a sweep as tables, for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Sequence

from services.lab.sweep.model import WIDTHS, Setup, processes, waves
from services.lab.sweep.point import Series

HEAD = ("gateway", "tasks", "waves", "measured", "predicted", "tolerance", "own", "in flight", "as predicted")
NEEDS_HEAD = ("requests a second", "sync", "threadpool", "async")
RATES = (1_000, 1_000_000)
NEEDED_DELAY = 1.0
"""Seconds: the backend's delay in the table of what would be needed."""


def rows(series: Sequence[Series], setup: Setup) -> list[list[str]]:
    """Return a row for each point, in seconds; `measured` is the best of the tries."""
    return [
        [
            each.mode,
            f"{point.tasks}",
            f"{waves(each.mode, point.tasks, setup)}",
            f"{point.best.seconds:.3f}",
            f"{each.predicted(point, setup):.3f}",
            f"{each.tolerance(point, setup):.3f}",
            f"{point.own:.3f}",
            f"{point.in_flight:.1f}",
            "no" if each.fault(point, setup) else "yes",
        ]
        for each in series
        for point in each.points
    ]


def needs(series: Sequence[Series], setup: Setup) -> list[list[str]]:
    """Return how many processes each design needs for each rate; a dash where its processor time was not measured."""
    needed = Setup(NEEDED_DELAY, setup.limit)
    cpu = {each.mode: each.cpu for each in series}
    found = []
    for rate in RATES:
        counts = (processes(mode, rate, needed, cpu.get(mode)) for mode in WIDTHS)
        found.append([f"{rate:,}", *("-" if count is None else f"{count:,}" for count in counts)])
    return found
