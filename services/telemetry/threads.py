"""The thread pool's queue: how long a plain `def` handler waited for a thread."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import Any

from services.telemetry.ledger import current_ledger
from services.telemetry.metrics import Metrics


def timed_in_thread(handler: Callable[..., Any], metrics: Metrics) -> Callable[..., Any]:
    """Return `handler` such that its ledger learns how long it waited for a pool thread; a coroutine is left alone.

    Starlette hands a plain function to anyio's pool in the same turn of the loop in which the application was entered
    (`starlette.concurrency.run_in_threadpool`), so the wait is counted from there until the function runs.
    """
    if inspect.iscoroutinefunction(handler):
        return handler
    wait = metrics.wait.labels("thread")

    @wraps(handler)
    def timed(*args: Any, **kwargs: Any) -> Any:
        ledger = current_ledger.get()
        if ledger is not None and ledger.entered_at is not None:
            ledger.thread = perf_counter() - ledger.entered_at
            wait.observe(ledger.thread)
        return handler(*args, **kwargs)

    return timed
