"""Waits for a thread: of anyio's pool, in which frameworks run plain functions, and of executors that a loop is given.

Measured where a thread is asked for, so that nothing is moved to another one: handlers, dependencies, file responses,
uploads, background tasks; `asyncio.to_thread`, `run_in_executor`, look-ups of names.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from inspect import iscoroutinefunction
from typing import Any

from inflight.ledger import current_ledger
from inflight.waits import current_call, no_wait, waiting

log = logging.getLogger("inflight")


def watch_threads() -> dict[str, Callable[[], tuple[int, int]]]:
    """Time the waits for anyio's pool, and for the executors to which the running loop gives jobs.

    Returns, for each pool by name, what tells how many threads it may have and how many are busy. How many there are of
    an executor that the program sets in place of the loop's own is not known, and it is no longer among them.
    """
    loop = asyncio.get_running_loop()
    run, replace = loop.run_in_executor, loop.set_default_executor
    executor = run if isinstance(run, TimedExecutors) else TimedExecutors(run)
    pools: dict[str, Callable[[], tuple[int, int]]] = {"executor": executor.size}
    if "anyio" in sys.modules:  # else nothing can use its pool yet, and it is not this library's to load
        pools["anyio"] = _watch_limiter()

    def set_default_executor(own: Any) -> None:
        replace(own)
        pools.pop("executor", None)

    loop.run_in_executor = executor  # type: ignore[method-assign, assignment]
    loop.set_default_executor = set_default_executor  # type: ignore[method-assign, assignment]
    return pools


def _watch_limiter() -> Callable[[], tuple[int, int]]:
    from anyio import to_thread

    limiter = to_thread.current_default_thread_limiter()
    kind = type(limiter)
    acquire: Any = kind.acquire_on_behalf_of

    class TimedLimiter(kind):  # type: ignore[valid-type, misc]
        __slots__ = ()

        def acquire_on_behalf_of(self, borrower: object) -> Awaitable[None]:
            if self.available_tokens > 0:  # it takes a turn of the loop all the same, which is no wait for a thread
                no_wait("thread")
                return acquire(self, borrower)  # type: ignore[no-any-return]
            return self._wait(borrower)

        async def _wait(self, borrower: object) -> None:
            with waiting("thread"):
                await acquire(self, borrower)

    if kind.__name__ != TimedLimiter.__name__:
        try:
            limiter.__class__ = TimedLimiter
        except TypeError:  # an anyio whose limiter is of another shape
            log.warning("waits for anyio's threads are not measured: its limiter cannot be watched")
    return lambda: (int(min(limiter.total_tokens, sys.maxsize)), limiter.borrowed_tokens)


class TimedExecutors:
    """A loop's `run_in_executor`, in the place of its own: each job's wait for a thread of its executor is timed.

    The executor is left as it is, the program's own or the loop's. One that may want to know its job is given it as it
    is: another process is sent it, and a class of the program's own may look at it.
    """

    def __init__(self, run: Callable[..., Any]) -> None:
        self._run = run
        self._jobs: set[object] = set()

    def __call__(self, executor: object, func: Callable[..., Any], *args: Any) -> Any:
        """Run a job, and return its future; its wait ends when a thread begins it, or when it is cancelled before."""
        threads = executor is None or type(executor) is ThreadPoolExecutor
        if not threads or iscoroutinefunction(func):  # uvloop refuses those
            return self._run(executor, func, *args)
        wait = waiting("thread")
        ledger, call = current_ledger.get(), current_call.get()

        def job() -> Any:
            wait.end()
            if executor is None:
                self._jobs.add(wait)
            # Nothing of the caller's context comes along here; `to_thread` brings it, the same two among it.
            tokens = current_ledger.set(ledger), current_call.set(call)
            try:
                return func(*args)
            finally:
                current_ledger.reset(tokens[0])
                current_call.reset(tokens[1])
                self._jobs.discard(wait)

        wait.begin()
        try:
            future = self._run(executor, job)
        except BaseException:
            wait.end()
            raise
        future.add_done_callback(lambda _future: wait.end())
        return future

    def size(self) -> tuple[int, int]:
        """Return how many threads the loop's own executor may have, and how many are busy."""
        return DEFAULT_THREADS, len(self._jobs)


def _default_threads() -> int:
    import os

    processors = getattr(os, "process_cpu_count", os.cpu_count)()
    return min(32, (processors or 1) + 4)


DEFAULT_THREADS = _default_threads()
"""https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.ThreadPoolExecutor"""
