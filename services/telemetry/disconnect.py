"""Clients that leave: their work can be cancelled instead of being done for nobody."""

from __future__ import annotations

import asyncio

from services.telemetry.ledger import current_ledger


class cancelled_on_disconnect:  # noqa: N801 - it is used as a function is
    """Cancel the running task when its request's client goes away before the block is left.

    Needs the stamping protocol, which sees the connection go; elsewhere it does nothing.
    """

    __slots__ = ("ledger",)

    def __enter__(self) -> None:
        self.ledger, task = current_ledger.get(), asyncio.current_task()
        if self.ledger is None or task is None:
            return
        if self.ledger.disconnected:
            task.cancel()
        self.ledger.on_disconnect = task.cancel

    def __exit__(self, *_error: object) -> None:
        if self.ledger is not None:
            self.ledger.on_disconnect = None
