"""Runs a command's work such that Ctrl-C, SIGTERM and a closed terminal end it in order, at any moment."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """The user stopped the work; what had to be cleared away is cleared away."""


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end and return its result.

    A signal that asks to stop cancels it, once; whoever is cancelled clears away. Raises Interrupted when the work
    let itself be cancelled; work that ends with a result all the same returns it.
    """
    return asyncio.run(_watched(work))


async def _watched(work: Coroutine[Any, Any, T]) -> T:
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    for number in STOPPING:
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        raise Interrupted from None
