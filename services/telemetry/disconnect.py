"""Clients that leave: their work can be cancelled instead of being done for nobody."""

from __future__ import annotations

import asyncio

from services.telemetry.ledger import Ledger, current_ledger


class cancelled_on_disconnect:  # noqa: N801 - it is used as a function is
    """Cancel the running task when its request's client goes away before the block is left.

    Needs the stamping protocol, which sees the connection go; elsewhere it does nothing. Nor does it when the request
    has been answered: what is done after that is not for the client.
    """

    __slots__ = ("_ledger", "_task")

    def __enter__(self) -> None:
        ledger, task = current_ledger.get(), asyncio.current_task()
        self._ledger: Ledger | None = None
        if ledger is None or task is None or ledger.finished:
            return
        if ledger.disconnected:
            task.cancel()
        self._ledger, self._task = ledger, task
        ledger.on_disconnect.append(task.cancel)

    def __exit__(self, *_error: object) -> None:
        # An answer that has been sent meanwhile has emptied the list.
        if self._ledger is not None and self._task.cancel in self._ledger.on_disconnect:
            self._ledger.on_disconnect.remove(self._task.cancel)
