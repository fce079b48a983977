"""The thread pool's queue: how long a plain `def` handler waited for a thread."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import Any

from starlette.concurrency import run_in_threadpool

from services.telemetry.ledger import current_ledger
from services.telemetry.metrics import Metrics


def timed_in_thread(handler: Callable[..., Any], metrics: Metrics) -> Callable[..., Any]:
    """Return `handler` such that its ledger learns how long it waited for a pool thread; a coroutine is left alone.

    What FastAPI does with a plain function is done here: it is run by `starlette.concurrency.run_in_threadpool`. Only
    who hands it over knows when, for dependencies and a body may have come before.
    """
    if inspect.iscoroutinefunction(handler):
        return handler
    wait = metrics.wait.labels("thread")

    def in_thread(handed_over: float, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        waited = perf_counter() - handed_over
        wait.observe(waited)
        ledger = current_ledger.get()
        if ledger is not None:
            ledger.thread = (ledger.thread or 0.0) + waited
        return handler(*args, **kwargs)

    @wraps(handler)
    async def timed(*args: Any, **kwargs: Any) -> Any:
        return await run_in_threadpool(in_thread, perf_counter(), args, kwargs)

    return timed
