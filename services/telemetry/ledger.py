"""The ledger: where the time of one request went."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from time import perf_counter
from typing import Any, Protocol

SCOPE_KEY = "telemetry.ledger"
"""The ASGI scope's entry that holds the request's ledger."""

QUEUES = ("kernel", "loop", "thread", "pool")
"""The entries that are a wait in a queue, in the order in which a request meets them."""

current_ledger: ContextVar[Ledger | None] = ContextVar("current_ledger", default=None)
"""The ledger of the request that the running task (or pool thread) serves; None outside a request."""


class Flow(Protocol):
    """What knows whether the client takes what is written, as uvicorn's `FlowControl` does."""

    write_paused: bool
    """Whether written bytes have not gone to the kernel yet."""

    async def drain(self) -> None:
        """Return when they have, or when the connection is lost."""


class Ledger:
    """The times of one request, in seconds; a wait that the mode lacks, or that cannot be measured, is None.

    `read_at` and `entered_at` are readings of `time.perf_counter`. The application may add to `thread`, `pool` and
    `upstream`; what remains of the total is the application's own work.
    """

    __slots__ = (
        "called_at",
        "calls",
        "client_left",
        "disconnected",
        "entered_at",
        "finished",
        "flow",
        "kernel",
        "loop",
        "on_disconnect",
        "pool",
        "read_at",
        "scope",
        "status",
        "thread",
        "upstream",
    )

    def __init__(self, read_at: float, kernel: float | None = None, scope: Mapping[str, Any] | None = None) -> None:
        self.read_at = read_at
        self.kernel = kernel
        self.scope: Mapping[str, Any] = scope or {}
        self.entered_at: float | None = None
        self.loop: float | None = None
        self.thread: float | None = None
        self.pool: float | None = None
        self.upstream: float | None = None
        self.calls = 0
        self.called_at = 0.0
        self.status = 0
        self.disconnected = False
        self.client_left: Callable[[], bool] = _cannot_tell
        self.on_disconnect: list[Callable[[], object]] = []
        self.flow: Flow | None = None
        self.finished = False

    def enter(self, now: float) -> None:
        """Note that the application was entered: what passed since the headers were read was the loop's queue."""
        self.entered_at = now
        self.loop = now - self.read_at
        self.finished = False  # who wraps the application may have answered, and go on to it all the same

    def begin_call(self, now: float) -> None:
        """Note that a call to an upstream begins."""
        if not self.calls:
            self.called_at = now
        self.calls += 1

    def end_call(self, now: float, pool: float | None, late: float) -> None:
        """Note that a call ended, of which `pool` was the wait for a connection and `late` our own loop's.

        Time in which several calls were under way counts once: the entries never say more than the request took.
        """
        self.calls -= 1
        share, self.called_at = now - self.called_at, now
        if pool is not None:
            pool = min(pool, share)
            self.pool = (self.pool or 0.0) + pool
            share -= pool
        late = min(late, share)  # the kernel's clock has steps of about 4 ms
        self.loop = (self.loop or 0.0) + late
        self.upstream = (self.upstream or 0.0) + share - late

    def leave(self) -> None:
        """Note that the client went away before its answer was whole."""
        self.disconnected = True
        for stop in tuple(self.on_disconnect):
            stop()

    def forget(self) -> None:
        """Let go of the request, which holds the ledger: a circle would be left to the garbage collector."""
        self.scope = {}
        self.client_left = _cannot_tell
        self.on_disconnect.clear()
        self.flow = None

    def total(self, now: float) -> float:
        """Return the seconds from the request's arrival in the kernel (where that is known) to `now`."""
        return now - self.read_at + (self.kernel or 0.0)

    def entries(self, now: float) -> dict[str, float | None]:
        """Return the ledger's entries in the order in which a request lives them, the total last."""
        return {
            "kernel": self.kernel,
            "loop": self.loop,
            "thread": self.thread,
            "pool": self.pool,
            "upstream": self.upstream,
            "total": self.total(now),
        }


def _cannot_tell() -> bool:
    return False


def unread_ledger() -> Ledger:
    """Return the ledger of a request whose server has no stamping protocol: its life starts now."""
    return Ledger(read_at=perf_counter())
