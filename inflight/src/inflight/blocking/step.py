"""What an event loop runs at this moment, seen from another thread: one step of a task, or a callback."""

from __future__ import annotations

import asyncio
import sys
import weakref
from collections.abc import Iterator
from contextlib import suppress
from contextvars import Context
from itertools import islice
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

from inflight.blocking.frames import locals_of
from inflight.ledger import Ledger, current_ledger
from inflight.types import Scope

if TYPE_CHECKING:
    from inflight.telemetry import Telemetry

MACHINERY = ("asyncio.base_events", "asyncio.events", "selectors")
"""The modules whose frames stand between the loop's caller and what it runs. (uvloop has no frames.)"""
MIDDLEWARE = "inflight.middleware"
"""The module whose function runs the application, with the request's `exchange`."""
UNBOUND = ("callback", "background", "startup", "websocket")
"""What stands for a route where no request's own task runs."""


class Step:
    """One step of a task, or one callback; `frames` are those of the code that runs, the innermost first."""

    __slots__ = ("frames", "task")

    def __init__(self, frames: list[FrameType], task: asyncio.Task[Any] | None) -> None:
        self.frames = frames
        self.task = task

    def token(self) -> Token:
        """Return what tells this task or callback from every other one."""
        return Token(self)


class Token:
    """Which task or callback a step was of. It keeps no task alive, and of a callback only the outermost frame."""

    __slots__ = ("_frame", "_task")

    def __init__(self, step: Step) -> None:
        self._task = None if step.task is None else weakref.ref(step.task)
        self._frame = step.frames[-1] if step.task is None else None

    def fits(self, step: Step) -> bool:
        """Return whether `step` is of the same task or callback."""
        if step.task is None or self._task is None:
            return self._frame is not None and self._frame is step.frames[-1]
        return self._task() is step.task


class Loop:
    """An event loop, to be looked at from any other thread than the one that runs it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, thread: int, native_id: int) -> None:
        self._loop = loop
        self.thread = thread
        self.native_id = native_id
        """The system's name for the thread."""
        self._base: int | None = None

    def runs(self) -> bool:
        """Return whether somebody runs it: a loop that was stopped is not blocked."""
        return self._loop.is_running()

    def is_closed(self) -> bool:
        """Return whether nobody will run it again."""
        return self._loop.is_closed()

    def find_base(self) -> None:
        """Note which frame has called the loop; called by a callback of the loop's, once is enough."""
        frame = sys._getframe(1)  # noqa: SLF001 - the sys module documents it
        while frame.f_back is not None and frame.f_globals.get("__name__") in MACHINERY:
            frame = frame.f_back
        self._base = id(frame)  # it is alive as long as the loop runs

    def step(self, frames: dict[int, FrameType] | None = None) -> Step | None:
        """Return what the loop runs now; None while it waits for events, or where that cannot be told."""
        innermost = (sys._current_frames() if frames is None else frames).get(self.thread)  # noqa: SLF001 - as above
        try:
            task = asyncio.current_task(self._loop)
        except RuntimeError:
            return None
        root = None if task is None else getattr(task.get_coro(), "cr_frame", None)
        found = []
        frame = innermost
        while frame is not None and id(frame) != self._base:
            found.append(frame)
            if frame is root:
                return Step(found, task)
            frame = frame.f_back
        if frame is None:  # the loop has not beaten yet, or runs elsewhere
            return None
        while found and found[-1].f_globals.get("__name__") in MACHINERY:
            found.pop()
        return Step(found, task) if found else None

    def tasks(self, most: int) -> list[asyncio.Task[Any]]:
        """Return the loop's tasks that have not ended, at most so many."""
        try:
            return list(islice(asyncio.all_tasks(self._loop), most))
        except RuntimeError:  # they have changed all the while
            return []

    def probe(self, ran: list[bool]) -> None:
        """Have the loop append to `ran` in its next turn: what runs until then is one turn."""
        with suppress(RuntimeError):  # it is closed
            self._loop.call_soon_threadsafe(ran.append, True)


def request_of(step: Step, telemetry: Telemetry) -> Ledger | None:
    """Return the request that a step works for, as far as it is in flight.

    It is known by the ASGI scope that a function of the step has, and from Python 3.12 on by the task's context, too.
    """
    found = followed_in(step.frames)
    scopes = [] if found is not None else [id(scope) for scope in scopes_of(step.frames)]
    if scopes:
        in_flight = (*tuple(telemetry.live.in_flight), *tuple(telemetry.live.websockets))
        found = next((ledger for ledger in in_flight if id(ledger.scope) in scopes), None)
    if found is None and step.task is not None:
        found = ledger_in(context_of(step.task))
    return None if found is None or found.finished else found


def followed_in(frames: list[FrameType]) -> Ledger | None:
    """Return the ledger that the middleware's own frame has: a search of all in flight would cost more with each.

    None where the step is of a task that the request has started.
    """
    for frame in reversed(frames):
        if frame.f_globals.get("__name__") == MIDDLEWARE:
            exchange = locals_of(frame).get("exchange")
            if exchange is not None:
                ledger: Ledger = exchange.ledger
                return ledger
    return None


class Owner(NamedTuple):
    """Whose a step is: the method and the route of a request; no method, and one of UNBOUND, where it is of none."""

    method: str | None
    route: str
    ledger: Ledger | None = None


def owner_of(step: Step, telemetry: Telemetry) -> Owner:
    """Return whose a step is."""
    if step.task is None:
        return Owner(None, "callback")
    types = {scope.get("type") for scope in scopes_of(step.frames)}
    ledger = request_of(step, telemetry)
    if "websocket" in types or (ledger is not None and ledger.scope.get("type") == "websocket"):
        return Owner(None, "websocket", ledger)
    if ledger is not None:
        owner = Owner(*telemetry.labels(ledger), ledger)
        if not ledger.finished:  # else it may have let go of its scope before its labels were read
            return owner
    return Owner(None, "startup" if "lifespan" in types else "background")


def scopes_of(frames: list[FrameType]) -> Iterator[Scope]:
    """Yield the ASGI scopes among the arguments of these functions, the outermost's first."""
    for frame in reversed(frames):
        if "scope" in frame.f_code.co_varnames:
            scope = locals_of(frame).get("scope")
            if isinstance(scope, dict) and "type" in scope:
                yield scope


def context_of(task: asyncio.Task[Any]) -> Context | None:
    """Return the task's context; None before Python 3.12, which does not say."""
    get_context = getattr(task, "get_context", None)
    return None if get_context is None else get_context()


def ledger_in(context: Context | None) -> Ledger | None:
    """Return the ledger of the request that a context is of."""
    return None if context is None else context.get(current_ledger)
