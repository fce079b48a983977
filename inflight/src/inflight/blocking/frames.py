"""Reads the frames of other threads and of suspended coroutines, and leaves no trace in them."""

from __future__ import annotations

import gc
import inspect
import sys
from types import AsyncGeneratorType, CoroutineType, FrameType, GeneratorType
from typing import Any

DEEPEST = 200
"""Coroutines that await each other; more are a cycle."""
SNAPSHOTS = sys.version_info < (3, 13)
"""Whether a frame keeps what it was asked for: since PEP 667 it does not."""
NOBODYS = 3
"""References to such a dictionary where only we have asked for it: the frame's, ours, and `getrefcount`'s own. What a
program has from `locals()` is the same one."""


def locals_of(frame: FrameType) -> dict[str, Any]:
    """Return a function's variables. The frame keeps none of them alive for it."""
    variables = frame.f_locals
    found = dict(variables)
    own = sys.getrefcount(variables) > NOBODYS or not frame.f_code.co_flags & inspect.CO_OPTIMIZED  # a module's
    if SNAPSHOTS and not own:
        variables.clear()
    return found


def stack_of(frame: FrameType | None) -> list[FrameType]:
    """Return a running thread's frames, the innermost first."""
    found = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found


def awaits_of(coroutine: Any) -> list[FrameType]:
    """Return the frames of a suspended coroutine and of those that it awaits, the innermost first.

    What awaits in C has no frame: the list begins with what awaits it.
    """
    found: list[FrameType] = []
    while coroutine is not None and len(found) < DEEPEST:
        if isinstance(coroutine, CoroutineType):  # nearly all are; there may be many of them
            frame, inner = coroutine.cr_frame, coroutine.cr_await
        elif isinstance(coroutine, GeneratorType):
            frame, inner = coroutine.gi_frame, coroutine.gi_yieldfrom
        elif isinstance(coroutine, AsyncGeneratorType):
            frame, inner = coroutine.ag_frame, coroutine.ag_await
        else:
            coroutine = _inside(coroutine)
            continue
        if frame is None:
            break
        found.append(frame)
        coroutine = inner
    return found[::-1]


def _inside(awaitable: Any) -> Any:
    """Return the coroutine or generator that one of Python's own awaitables drives: of `async for`, of `__await__`."""
    if type(awaitable).__module__ != "builtins":
        return None
    inside = (each for each in gc.get_referents(awaitable) if inspect.isasyncgen(each) or inspect.iscoroutine(each))
    return next(inside, None)
