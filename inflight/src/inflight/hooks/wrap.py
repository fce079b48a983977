"""Wraps public methods of libraries in place: once, and so that nobody can tell but by the clock."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from importlib.metadata import PackageNotFoundError, version
from inspect import iscoroutinefunction, unwrap
from typing import Any

from inflight.hooks.watched import PoolWait, WatchedCall, end_wait, named
from inflight.waits import outcome_of

log = logging.getLogger("inflight")

Method = Callable[..., Any]


def known(distribution: str, *majors: int) -> bool:
    """Return whether the library is of a major version that its hook was written for; say so where it is not."""
    try:
        found = version(distribution)
    except PackageNotFoundError:
        found = "unknown"
    if found.split(".")[0] in map(str, majors):
        return True
    log.warning("%s %s is not watched: its hook knows %s", distribution, found, " and ".join(map(str, majors)))
    return False


def wrap(owner: Any, name: str, around: Callable[[Method], Method]) -> None:
    """Put `around(method)` in the place of the owner's method; one that is there already stays as it is."""
    inner = getattr(owner, name)
    if getattr(inner, "watched_by_inflight", False):
        return
    outer = wraps(inner)(around(inner))
    outer.watched_by_inflight = True  # type: ignore[attr-defined]
    setattr(owner, name, outer)


def is_async(method: Method) -> bool:
    """Return whether it is a coroutine function, or a decorated one: a decorator may pass the coroutine on."""
    return iscoroutinefunction(unwrap(method))


def as_call(
    name_of: Callable[[Any], str], otherwise: str, failure: Callable[[BaseException], str] = outcome_of
) -> Callable[[Method], Method]:
    """Return what makes a method, sync or async, one call to the upstream that `name_of` reads from its object.

    `failure` says how a call ended that raised an exception.
    """

    def around(inner: Method) -> Method:
        if is_async(inner):

            async def called(self: Any, *args: Any, **kwargs: Any) -> Any:
                with WatchedCall(named(name_of, self, otherwise), failure):
                    return await inner(self, *args, **kwargs)

            return called

        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            with WatchedCall(named(name_of, self, otherwise), failure):
                return inner(self, *args, **kwargs)

        return call

    return around


def within(manager: Callable[[], AbstractContextManager[object]]) -> Callable[[Method], Method]:
    """Return what makes a method, sync or async, run inside of a context manager that is made for each call."""

    def around(inner: Method) -> Method:
        if is_async(inner):

            async def inside(self: Any, *args: Any, **kwargs: Any) -> Any:
                with manager():
                    return await inner(self, *args, **kwargs)

            return inside

        def run(self: Any, *args: Any, **kwargs: Any) -> Any:
            with manager():
                return inner(self, *args, **kwargs)

        return run

    return around


as_wait = within(PoolWait)
"""Returns a method, sync or async, as a wait for a connection of a pool."""


def ends_wait(inner: Method) -> Method:
    """Return a method that the library calls on the connection that the pool has given: the wait is over."""
    if is_async(inner):

        async def ended(*args: Any, **kwargs: Any) -> Any:
            end_wait()
            return await inner(*args, **kwargs)

        return ended

    def end(*args: Any, **kwargs: Any) -> Any:
        end_wait()
        return inner(*args, **kwargs)

    return end
