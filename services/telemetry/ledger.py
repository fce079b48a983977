"""The ledger: where the time of one request went."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from time import perf_counter
from typing import Any, Protocol

SCOPE_KEY = "telemetry.ledger"
"""The ASGI scope's entry that holds the request's ledger."""

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
        self.status = 0
        self.disconnected = False
        self.client_left: Callable[[], bool] = _cannot_tell
        self.on_disconnect: Callable[[], object] | None = None
        self.flow: Flow | None = None
        self.finished = False

    def enter(self, now: float) -> None:
        """Note that the application was entered: what passed since the headers were read was the loop's queue."""
        self.entered_at = now
        self.loop = now - self.read_at

    def wait_for_loop(self, seconds: float) -> None:
        """Note that something that had come for the request waited for the event loop."""
        self.loop = (self.loop or 0.0) + seconds

    def leave(self) -> None:
        """Note that the client went away before its answer was whole."""
        self.disconnected = True
        if self.on_disconnect is not None:
            self.on_disconnect()

    def forget(self) -> None:
        """Let go of the request, which holds the ledger: a circle would be left to the garbage collector."""
        self.scope = {}
        self.client_left = _cannot_tell
        self.on_disconnect = self.flow = None

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
