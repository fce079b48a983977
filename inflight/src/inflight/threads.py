"""Waits for a thread: of anyio's pool, in which frameworks run plain functions, and of the loop's default executor.

Measured at the pools, so that nothing is moved to another thread: handlers, dependencies, file responses, uploads,
background tasks; `asyncio.to_thread`, `run_in_executor(None, ...)`, look-ups of names.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from inflight.waits import waiting

log = logging.getLogger("inflight")


def watch_threads() -> dict[str, Callable[[], tuple[int, int]]]:
    """Time the waits for both pools of the running loop.

    Returns, for each pool by name, what tells how many threads it may have and how many are busy.
    """
    executor = TimedExecutor(thread_name_prefix="asyncio")
    loop = asyncio.get_running_loop()
    loop.set_default_executor(executor)
    pools: dict[str, Callable[[], tuple[int, int]]] = {"executor": executor.size}
    _follow(loop, pools)
    if "anyio" in sys.modules:  # else nothing can use its pool yet, and it is not this library's to load
        pools["anyio"] = _watch_limiter()
    return pools


def _follow(loop: asyncio.AbstractEventLoop, pools: dict[str, Callable[[], tuple[int, int]]]) -> None:
    """Time the waits for an executor that the program sets in place of ours; how many threads it has is not told."""
    replace = loop.set_default_executor

    def set_default_executor(executor: ThreadPoolExecutor) -> None:
        replace(executor)
        pools.pop("executor", None)
        if not isinstance(executor, TimedExecutor) and "submit" not in vars(executor):
            executor.submit = partial(_submit, executor.submit, set())  # type: ignore[method-assign]

    loop.set_default_executor = set_default_executor  # type: ignore[method-assign, assignment]


def _watch_limiter() -> Callable[[], tuple[int, int]]:
    from anyio import to_thread

    limiter = to_thread.current_default_thread_limiter()
    kind = type(limiter)

    class TimedLimiter(kind):  # type: ignore[valid-type, misc]
        __slots__ = ()

        async def acquire_on_behalf_of(self, borrower: object) -> None:
            wait = waiting("thread")
            wait.begin()
            try:
                await super().acquire_on_behalf_of(borrower)
            finally:
                wait.end()

    if kind.__name__ != TimedLimiter.__name__:
        try:
            limiter.__class__ = TimedLimiter
        except TypeError:  # an anyio whose limiter is of another shape
            log.warning("waits for anyio's threads are not measured: its limiter cannot be watched")
    return lambda: (int(min(limiter.total_tokens, sys.maxsize)), limiter.borrowed_tokens)


class TimedExecutor(ThreadPoolExecutor):
    """The standard library's executor, with its own number of threads; each job's wait for one is timed."""

    def __init__(self, thread_name_prefix: str) -> None:
        super().__init__(thread_name_prefix=thread_name_prefix)
        self._jobs: set[object] = set()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Submit a job, whose wait is timed."""
        return _submit(super().submit, self._jobs, fn, *args, **kwargs)

    def size(self) -> tuple[int, int]:
        """Return how many threads there may be, and how many are busy."""
        return DEFAULT_THREADS, len(self._jobs)


def _submit(
    submit: Callable[..., Future[Any]], jobs: set[object], fn: Callable[..., Any], /, *args: Any, **kwargs: Any
) -> Future[Any]:
    """Submit a job, and keep it in `jobs` while it runs; its wait ends then, or when it is cancelled before."""
    wait = waiting("thread")

    def job() -> Any:
        wait.end()
        jobs.add(wait)
        try:
            return fn(*args, **kwargs)
        finally:
            jobs.discard(wait)

    wait.begin()
    try:
        future = submit(job)
    except BaseException:
        wait.end()
        raise
    future.add_done_callback(lambda _future: wait.end())
    return future


def _default_threads() -> int:
    import os

    processors = getattr(os, "process_cpu_count", os.cpu_count)()
    return min(32, (processors or 1) + 4)


DEFAULT_THREADS = _default_threads()
"""https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.ThreadPoolExecutor"""
