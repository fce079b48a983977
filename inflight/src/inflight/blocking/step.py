"""What an event loop runs at this moment, seen from another thread: one step of a task, or a callback."""

from __future__ import annotations

import asyncio
import sys
import weakref
from contextlib import suppress
from itertools import islice
from types import FrameType
from typing import Any

MACHINERY = ("asyncio.base_events", "asyncio.events", "selectors")
"""The modules whose frames stand between the loop's caller and what it runs. (uvloop has no frames.)"""


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
