"""The line of code that each request is at: on the event loop, in a thread, or where its task waits."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections.abc import Collection, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

from inflight.blocking.frames import awaits_of, locals_of, stack_of
from inflight.blocking.owner import context_of, ledger_in, request_of, scopes_of, sent_by
from inflight.blocking.place import Place, is_ours, is_own, spot_of
from inflight.ledger import Ledger

if TYPE_CHECKING:
    from inflight.telemetry import Telemetry

MOST_TASKS = 2000
"""Tasks that are looked through for one picture: to look at one takes about 5 us, in which the service stands."""
OUTERMOST = 8
"""A thread's outermost frames, in which a pool calls what it was given."""


class Lines(NamedTuple):
    """Where requests are, each in one of three ways."""

    waiting: dict[Ledger, Place]
    """Where a task waits for its turn, or for something else."""
    in_threads: dict[Ledger, Place]
    on_loop: dict[Ledger, Place]
    """The one that the event loop runs."""

    def of(self, ledger: Ledger) -> Place | None:
        """Return the line that a request is at: what runs goes before what waits."""
        return self.on_loop.get(ledger) or self.in_threads.get(ledger) or self.waiting.get(ledger)


NOWHERE = Lines({}, {}, {})


def lines(telemetry: Telemetry, ledgers: Collection[Ledger]) -> Lines:
    """Return where each request is, as far as that can be known, from any thread but the event loop's."""
    loop = telemetry.watchdog.loop
    if loop is None or not ledgers:
        return NOWHERE
    frames = sys._current_frames()  # noqa: SLF001 - the sys module documents it
    step = loop.step(frames)
    ledger = None if step is None else request_of(step, telemetry)
    return Lines(
        waiting=dict(_waiting(loop.tasks(MOST_TASKS), ledgers)),
        in_threads=dict(_in_threads(frames, {loop.thread, threading.get_ident()})),
        on_loop={} if step is None or ledger is None else dict(_placed(ledger, step.frames)),
    )


def _waiting(tasks: list[asyncio.Task[Any]], ledgers: Collection[Ledger]) -> Iterator[tuple[Ledger, Place]]:
    """Yield each request's places in the user's own code where its tasks wait, those of tasks that it started last."""
    by_scope = {id(ledger.scope): ledger for ledger in ledgers}
    started = []
    for task in tasks:
        frames = awaits_of(task.get_coro())
        ledger = ledger_in(context_of(task))
        if ledger is None:
            scope = next(scopes_of(frames), None)
            ledger = sent_by(frames) if scope is None else by_scope.get(id(scope))
        spot = None if ledger not in ledgers else spot_of(frames)
        if ledger is None or spot is None or not spot.own:
            continue
        if any(is_ours(frame.f_code.co_filename) for frame in frames):
            yield ledger, spot.place
        else:
            started.append((ledger, spot.place))
    yield from started


def _in_threads(stacks: dict[int, FrameType], without: set[int]) -> Iterator[tuple[Ledger, Place]]:
    """Yield the places of pools' threads that work for a request: they have been given its context."""
    for thread, innermost in stacks.items():
        frames = [] if thread in without else stack_of(innermost)
        for frame in frames[-OUTERMOST:]:
            ledger = None if is_own(frame.f_code.co_filename) else _given(frame)
            if ledger is not None:
                yield from _placed(ledger, frames)
                break


def _given(frame: FrameType) -> Ledger | None:
    """Return the request whose context is among a function's variables."""
    contexts = (value for value in locals_of(frame).values() if isinstance(value, contextvars.Context))
    return next(filter(None, map(ledger_in, contexts)), None)


def _placed(ledger: Ledger, frames: list[FrameType]) -> Iterator[tuple[Ledger, Place]]:
    spot = spot_of(frames)
    if spot is not None:
        yield ledger, spot.place
