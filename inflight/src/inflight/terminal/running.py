"""Runs a command's work such that Ctrl-C, SIGTERM, SIGQUIT and a closed terminal end it in order, at any moment."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from inflight.terminal.descriptors import raise_descriptors
from inflight.terminal.errors import Interrupted

T = TypeVar("T")

DESCRIPTORS = 65536
"""More than the requests that any command sends at once."""
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end and return its result.

    A signal that asks to stop cancels it, once; whoever is cancelled clears away. Raises Interrupted when the work
    let itself be cancelled; work that ends with a result all the same returns it.
    """
    raise_descriptors(DESCRIPTORS)
    gc.freeze()  # to look through all that was imported takes 40 ms, in the middle of what is measured
    return asyncio.run(_watched(work))


async def _watched(work: Coroutine[Any, Any, T]) -> T:
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)

    def stop() -> None:
        for number in heeded:  # what is being cleared away, or written, is not to be stopped again
            loop.add_signal_handler(number, lambda: None)
        task.cancel()

    outlives_terminal = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # as nohup has it
    heeded = [number for number in STOPPING if number != signal.SIGHUP or not outlives_terminal]
    for number in heeded:
        loop.add_signal_handler(number, stop)
    try:
        return await task
    except asyncio.CancelledError:
        raise Interrupted from None
