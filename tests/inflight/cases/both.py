"""Runs a case bare and measured: what measuring must not change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from tests.inflight.run.service import BARE, MEASURED, Response, Service, serving

SAME_ORDER = 3.0
"""How many times longer the measured run may take; a busy machine makes some of it, a moved wait would make more."""


@dataclass(frozen=True)
class Seen:
    """What the clients saw: statuses and bodies in the requests' order, and the seconds of all."""

    responses: list[tuple[int, bytes]]
    seconds: float


def unchanged(application: str, load: Callable[[Service], list[Response]]) -> None:
    """Fail unless the clients see the same, in the same order of magnitude of time, bare and under `inflight run`."""
    bare, measured = (_seen(application, launcher, load) for launcher in (BARE, MEASURED))
    assert measured.responses == bare.responses
    assert measured.seconds < SAME_ORDER * bare.seconds + 1, (measured.seconds, bare.seconds)


def _seen(application: str, launcher: tuple[str, ...], load: Callable[[Service], list[Response]]) -> Seen:
    with serving(application, launcher=launcher) as service:
        began = perf_counter()
        responses = load(service)
        return Seen([(each.status, each.body) for each in responses], perf_counter() - began)
