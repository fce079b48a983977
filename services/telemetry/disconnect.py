"""Clients that leave: their work can be cancelled instead of being done for nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from services.telemetry.ledger import current_ledger


@contextmanager
def cancelled_on_disconnect() -> Iterator[None]:
    """Cancel the running task when its request's client goes away before the block is left.

    Needs the stamping protocol, which sees the connection go; elsewhere it does nothing.
    """
    ledger, task = current_ledger.get(), asyncio.current_task()
    if ledger is None or task is None:
        yield
        return
    if ledger.disconnected:
        task.cancel()
    ledger.on_disconnect = task.cancel
    try:
        yield
    finally:
        ledger.on_disconnect = None
