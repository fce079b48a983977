"""Waits for what another thread or process is about to make true, without guessing how long that takes."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep

WITHIN = 20.0
POLL = 0.005


def eventually(ask: Callable[[], object], wanted: object) -> None:
    """Return when `ask` answers `wanted`; fail when it does not come to that."""
    deadline = monotonic() + WITHIN
    while (response := ask()) != wanted:
        assert monotonic() < deadline, f"it is {response!r}, not {wanted!r}"
        sleep(POLL)
