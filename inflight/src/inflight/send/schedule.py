"""When requests are due."""

from __future__ import annotations

from collections.abc import Iterator


def at_once(tasks: int) -> Iterator[float]:
    """Yield `tasks` times 0: all are due when the run starts."""
    return iter([0.0] * tasks)


def open_loop(rate: float, duration: float) -> Iterator[float]:
    """Yield the seconds at which requests are due: `rate` a second for `duration` seconds, evenly.

    The schedule does not wait for responses, so a slow service cannot slow it down and hide its own latency
    ("coordinated omission").
    """
    return (number / rate for number in range(round(rate * duration)))
